// Saves drawings of the page, contact sheets composed from its images, and embedded files.
{
  const SVG = "http://www.w3.org/2000/svg";
  const LINK = "http://www.w3.org/1999/xlink";
  const inLightColours = (text) => {
    const root = document.documentElement;
    const { theme } = root.dataset;
    root.dataset.theme = "light";
    const style = getComputedStyle(root);
    const made = text.replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => style.getPropertyValue(name));
    if (theme === undefined) delete root.dataset.theme;
    else root.dataset.theme = theme;
    return made;
  };
  const drawn = (element) => {
    const copy = element.cloneNode(true);
    const { width, height } = element.viewBox.baseVal;
    copy.setAttribute("width", `${width}pt`);
    copy.setAttribute("height", `${height}pt`);
    return inLightColours(new XMLSerializer().serializeToString(copy));
  };
  const figure = async (key) => {
    const element = document.querySelector(`#${CSS.escape(`plot-of-${key}`)} svg`);
    if (element) return drawn(element);
    const images = document.querySelectorAll(".example > img");
    const source = (_, place) => `href="${images[place].src}"`;
    return (await embedded(`${key}.svg`)).replace(/href="image:(\d+)"/g, source);
  };
  const sheet = (id) => {
    const side = 96, gap = 16, line = 14;
    const tiles = [...document.querySelectorAll(`#${CSS.escape(id)} .tiles > li`)];
    const count = (selector) =>
      Math.max(...tiles.map((tile) => tile.querySelectorAll(selector).length));
    const wide = count("img") * (side + 4) + gap;
    const tall = side + count("p") * line + gap + 8;
    const columns = Math.max(1, Math.floor(960 / wide));
    const drawing = document.createElementNS(SVG, "svg");
    const size = [columns * wide + gap, Math.ceil(tiles.length / columns) * tall + gap];
    drawing.setAttribute("viewBox", `0 0 ${size.join(" ")}`);
    const add = (name, values, text = "") => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(values)) element.setAttribute(key, value);
      element.textContent = text;
      drawing.append(element);
      return element;
    };
    tiles.forEach((tile, place) => {
      const left = gap + (place % columns) * wide;
      const top = gap + Math.floor(place / columns) * tall;
      tile.querySelectorAll("img").forEach((image, number) => {
        const height = (side * image.height) / image.width;
        const box = { x: left + number * (side + 4), y: top, width: side, height };
        const style = "image-rendering: pixelated";
        add("image", { ...box, style }).setAttributeNS(LINK, "xlink:href", image.src);
      });
      tile.querySelectorAll("p").forEach((text, number) => {
        const at = { x: left, y: top + side + (number + 1) * line };
        const style = "font: 11px system-ui, sans-serif";
        add("text", { ...at, style }, text.textContent);
      });
    });
    return drawn(drawing);
  };
  const painted = async (text) => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = make("canvas", { width: 2 * image.width, height: 2 * image.height });
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done));
  };
  const save = (name, content) => {
    const link = make("a", { href: URL.createObjectURL(new Blob([content])), download: name });
    link.click();
    // Some browsers read it only after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), 40_000);
  };
  for (const button of document.querySelectorAll("[data-file], [data-format]")) {
    button.closest(".files").hidden = false;
    const { file, format, figure: key, sheet: id } = button.dataset;
    button.addEventListener("click", async () => {
      if (file) return save(file, await embedded(file));
      const text = key ? await figure(key) : sheet(id);
      return format === "PNG" ? save(`${key ?? id}.png`, await painted(text))
        : save(`${key ?? id}.svg`, text);
    });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
}
