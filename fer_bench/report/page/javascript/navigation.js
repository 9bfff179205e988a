// Marks the section that is being read in the navigation, and links each heading to itself.
{
  const bar = document.querySelector("nav ul");
  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link);
  const visible = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        const link = links.get(entry.target.id);
        link.setAttribute("aria-current", "true");
        bar.scrollLeft =
          link.offsetLeft - bar.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2;
      }
    },
    { rootMargin: "-20% 0px -75% 0px" },
  );
  for (const section of document.querySelectorAll("main > section")) visible.observe(section);

  const PARTS = "section[id] > h2, [id] > h3, summary > h3, figcaption > h3";
  for (const heading of document.querySelectorAll(PARTS)) {
    const href = `#${heading.parentElement.closest("[id]").id}`;
    const ariaLabel = `Link to: ${heading.textContent.trim()}`;
    heading.append(" ", make("a", { className: "anchor", href, ariaLabel }, "#"));
  }
}
