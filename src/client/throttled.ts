/** The client's own progress is told at most this often, milliseconds. */
const INTERVAL_MS = 200;

/** Calls through at most every 200 ms, and always when `last` says that nothing follows. */
export function throttled(
    callback: (value: number) => void,
): (value: number, last?: boolean) => void {
    let calledMs = 0;
    return (value, last = false) => {
        const nowMs = Date.now();
        if (!last && nowMs - calledMs < INTERVAL_MS) return;
        calledMs = nowMs;
        callback(value);
    };
}
