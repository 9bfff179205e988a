// Filters the example images by true class and by the classes that the shown cells predict.
{
  const list = document.querySelector("ul.examples");
  const classes = [...new Set(data.sets.flatMap((set) => set.classes))];
  const trueClass = (item) => item.querySelector("h3 bdi")?.textContent;
  const predictedClasses = (item) =>
    [...item.querySelectorAll(".predictions li:not(.off) .predicted bdi")].map(
      (one) => one.textContent,
    );
  const select = () =>
    make("select", {}, new Option("any", ""), ...classes.map((name) => new Option(name)));

  if (list && classes.length) {
    const items = [...list.children];
    const [actual, predicted] = [select(), select()];
    const count = make("output");
    const controls = makeControls(
      make("label", {}, "True class ", actual),
      make("label", {}, "Predicted class ", predicted),
      count,
    );
    const reset = makeButton({}, "Reset");
    const none = make("p", { className: "none" }, "No example matches. ", reset);
    const update = () => {
      for (const item of items) {
        const fits =
          (!actual.value || trueClass(item) === actual.value) &&
          (!predicted.value || predictedClasses(item).includes(predicted.value));
        item.classList.toggle("off", !fits);
      }
      const left = items.filter((item) => !item.matches(".off")).length;
      none.hidden = left > 0;
      count.textContent = `${left} of ${items.length} images`;
    };
    controls.addEventListener("input", update);
    cells.onChange(update);
    reset.addEventListener("click", () => {
      actual.value = predicted.value = "";
      update();
    });
    list.before(controls, none);
    update();
  }
}
