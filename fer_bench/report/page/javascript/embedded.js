// Reads the files that the page contains.
const embedded = (() => {
  let archive;
  const unpacked = () => {
    const packed = atob(document.getElementById("files").textContent);
    const bytes = new Blob([Uint8Array.from(packed, (one) => one.charCodeAt(0))]);
    const stream = bytes.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };
  return async (name) => {
    archive ??= unpacked();
    return (await archive)[name];
  };
})();
