/** The path that the server is mounted at, as it wrote it into the page: empty at the root, else such as `/meet`. */
export function mountPath(): string {
  return (document.querySelector('base')?.getAttribute('href') ?? '/').replace(/\/$/, '');
}
