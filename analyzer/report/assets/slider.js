(function () {
  "use strict";
  var main = document.querySelector("main[data-step]");
  var slider = document.getElementById("days-kept");
  if (!main || !slider) { return; }
  var output = document.getElementById("days-shown");
  var labels = slider.getAttribute("data-labels").split("|");
  var last = labels.length - 1;
  function show(step) {
    main.setAttribute("data-step", step);
    slider.setAttribute("aria-valuetext", labels[step]);
    output.textContent = labels[step];
  }
  slider.addEventListener("input", function () { show(Number(slider.value)); });
  window.addEventListener("beforeprint", function () { show(last); });
  window.addEventListener("afterprint", function () { show(Number(slider.value)); });
  // A browser may bring the slider back where a reader had left it.
  show(Number(slider.value));
}());
