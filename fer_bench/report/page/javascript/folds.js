// Opens the fold that a link leads into.
{
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    let fold = target?.matches("article") ? target.querySelector(".fold") : null;
    for (fold ??= target?.closest("details"); fold; fold = fold.parentElement.closest("details"))
      fold.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
}
