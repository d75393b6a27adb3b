// Light, dark, or as the system says. The choice is a cookie, so that the next page is drawn right at once.

const YEAR_SECONDS = 31536000;

export function start(group) {
  const root = document.documentElement;
  const chosen = root.dataset.theme ?? "";
  for (const input of group.querySelectorAll("input")) {
    input.checked = input.value === chosen;
    input.addEventListener("change", () => choose(root, input.value));
  }
}

function choose(root, theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; SameSite=Lax; Max-Age=${theme ? YEAR_SECONDS : 0}${secure}`;
}
