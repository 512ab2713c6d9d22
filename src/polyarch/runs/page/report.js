"use strict";
(() => {
  const root = document.documentElement;
  const modes = ["auto", "light", "dark"];
  const theme = document.getElementById("theme");
  const show = (mode) => {
    if (mode === "auto") delete root.dataset.theme;
    else root.dataset.theme = mode;
    theme.textContent = "colours: " + mode;
    theme.dataset.mode = mode;
  };
  let kept = null;
  try { kept = localStorage.getItem("polyarch-colours"); } catch { /* no place to keep it */ }
  show(modes.includes(kept) ? kept : "auto");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = modes[(modes.indexOf(theme.dataset.mode) + 1) % modes.length];
    show(next);
    try { localStorage.setItem("polyarch-colours", next); } catch { /* no place to keep it */ }
  });

  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return; } catch { /* the old way, then */ }
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.c");
    if (!button) return;
    await copy(button.previousElementSibling.textContent);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  });

  const find = document.getElementById("find");
  const trouble = document.getElementById("trouble");
  const rows = [...document.querySelectorAll("#matrix tbody tr")];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const sift = () => {
    const wanted = find.value.trim().toLowerCase();
    rows.forEach((row, at) => {
      const fits = words[at].includes(wanted) && (!trouble.checked || row.classList.contains("w"));
      row.classList.toggle("away", !fits);
    });
  };
  if (find) {
    find.closest(".tools").hidden = false;
    find.addEventListener("input", sift);
    trouble.addEventListener("change", sift);
  }
  for (const button of document.querySelectorAll("button.all")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const parts = [...document.querySelectorAll(button.dataset.of + " details")];
      const open = parts.some((part) => !part.open);
      parts.forEach((part) => { part.open = open; });
    });
  }
})();
