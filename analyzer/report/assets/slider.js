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
  var button = document.getElementById("play");
  var timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    if (button) { button.textContent = button.getAttribute("data-play"); }
  }
  slider.addEventListener("input", function () { stop(); show(Number(slider.value)); });
  if (button) {
    button.addEventListener("click", function () {
      if (timer !== null) { stop(); return; }
      button.textContent = button.getAttribute("data-stop");
      timer = setInterval(function () {
        slider.value = (Number(slider.value) + 1) % labels.length;
        show(Number(slider.value));
      }, 900);
    });
  }
  window.addEventListener("beforeprint", function () { show(last); });
  window.addEventListener("afterprint", function () { show(Number(slider.value)); });
  // A browser may bring the slider back where a reader had left it.
  show(Number(slider.value));
}());
