// What the browser keeps. What was entered: in the tab's session storage, gone when the tab is closed, and no other tab
// sees it. Which pane is open: in the local storage, beside what GraphiQL keeps there.
import { NOBODY, type Credentials } from "./identity";

const KEY = "hasura-cognito.identity";

const PLUGIN = "hasura-cognito.plugin";

export function kept(): Credentials {
  try {
    return { ...NOBODY, ...(JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<Credentials>) };
  } catch {
    return NOBODY;
  }
}

export function keep(credentials: Credentials): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(credentials));
  } catch {
    // A browser that keeps nothing: it is there until the page is loaded anew.
  }
}

export function keptPlugin(): string | null {
  return localStorage.getItem(PLUGIN);
}

export function keepPlugin(title: string): void {
  localStorage.setItem(PLUGIN, title);
}
