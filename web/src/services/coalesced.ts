/**
 * Wraps work that brings the world into line with the state. Calls never overlap; calls that come while
 * it runs lead to one more run, so that the last wish wins however fast a button is pressed.
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let wishes = 0;
  const run = async (): Promise<void> => {
    let seen: number;
    try {
      do {
        seen = wishes;
        await work();
      } while (seen !== wishes);
    } finally {
      running = null;
    }
  };
  return () => {
    wishes += 1;
    running ??= run();
    return running;
  };
}
