// Light or dark: the system's choice until the person makes one.
const KEY = "praxis-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function current() {
  return localStorage.getItem(KEY) || (dark.matches ? "dark" : "light");
}

function apply() {
  document.documentElement.dataset.bsTheme = current();
}

export function startTheme() {
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("beforeprint", () => (document.documentElement.dataset.bsTheme = "light"));
  window.addEventListener("afterprint", apply);
  for (const button of document.querySelectorAll("[data-toggle-theme]")) {
    button.addEventListener("click", () => {
      localStorage.setItem(KEY, current() === "dark" ? "light" : "dark");
      apply();
    });
  }
}
