// Keeps only regions that scroll in the tab order, and focused elements clear of their headings.
{
  const updateTabOrder = (region) => {
    const scrolls =
      region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
    if (scrolls) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  };

  const sizes = new ResizeObserver((entries) => {
    for (const region of new Set(entries.map((entry) => entry.target.closest(".scroll"))))
      updateTabOrder(region);
  });

  // Browsers leave a focused element partly covered by sticky headings.
  const scrollIntoView = (region, target) => {
    const [side, head] = ["tbody th", "thead"].map((name) => region.querySelector(name));
    if (target === region || !head) return;
    const [box, sideBox, headBox] = [target, side, head].map((element) =>
      element.getBoundingClientRect(),
    );
    const isSticky = (element) => getComputedStyle(element).position === "sticky";
    if (isSticky(side) && !target.closest("tbody th, [data-column='0']"))
      region.scrollLeft -= Math.max(0, sideBox.right + 4 - box.left);
    if (isSticky(head) && !target.closest("thead"))
      region.scrollTop -= Math.max(0, headBox.bottom + 4 - box.top);
  };

  for (const region of document.querySelectorAll(".scroll")) {
    updateTabOrder(region);
    sizes.observe(region);
    sizes.observe(region.firstElementChild);
    region.addEventListener("focusin", ({ target }) => scrollIntoView(region, target));
  }
}
