// Creates elements from properties, such as `className` and `ariaLabel`, and content.
const make = (tag, properties = {}, ...content) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...content);
  return made;
};
const makeButton = (properties, ...content) =>
  make("button", { type: "button", ...properties }, ...content);
const makeControls = (...content) => make("form", { className: "controls" }, ...content);
