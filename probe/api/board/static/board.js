// Fetches the page anew and swaps its parts, so that neither the place on the page nor the filter is lost.
// Without this script the page reloads itself by a meta element.
"use strict";

(() => {
  const period = Number(document.body.dataset.refreshSeconds) * 1000;
  let shown = Date.now();
  let busy = false;

  const selecting = () => String(document.getSelection()) !== "";

  function swap(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (!fresh.getElementById("board")) throw new Error("this is not the board");
    const focused = document.activeElement?.getAttribute("href");
    const across = document.querySelector(".scroll")?.scrollLeft ?? 0;
    document.title = fresh.title;
    for (const part of ['link[rel="icon"]', "header.top", "main"]) {
      document.querySelector(part).replaceWith(document.adoptNode(fresh.querySelector(part)));
    }
    const table = document.querySelector(".scroll");
    if (table) table.scrollLeft = across;
    if (focused) document.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    document.body.classList.remove("stale");
    shown = Date.now();
  }

  function markStale() {
    document.body.classList.add("stale");
    const time = document.querySelector("#updated time").textContent;
    document.getElementById("updated").replaceChildren("no answer; these figures are from ", Object.assign(document.createElement("time"), { textContent: time }));
    if (!document.title.startsWith("✗ No answer")) document.title = "✗ No answer – Inference Probe";
  }

  async function refresh() {
    if (busy || document.hidden || selecting()) return;
    busy = true;
    try {
      const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(15000) });
      swap(await response.text());
    } catch {
      markStale();
    } finally {
      busy = false;
    }
  }

  setInterval(refresh, period);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - shown >= period) refresh();
  });
})();
