const FIRST_MS = 5_000;
const LONGEST_MS = 60 * 60_000;

/**
 * How long to wait after a try that failed: 5 s, twice as long each time, an hour at most, and up
 * to a quarter more or less, so that not all come back at once.
 * @param failures before this one
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
    const delayMs = Math.min(FIRST_MS * 2 ** failures, LONGEST_MS);
    return Math.round(delayMs * (0.75 + random() / 2));
}
