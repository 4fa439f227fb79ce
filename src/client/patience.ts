/** How long a command bears with a network or a daemon that fails. */
export interface Patience {
    /** Milliseconds without a byte in either direction after which a connection counts as dead. */
    inactivityMs: number;
    /** Milliseconds without any success after which it gives up. */
    giveUpMs: number;
}

export const DEFAULT_PATIENCE: Readonly<Patience> = {
    inactivityMs: 60_000,
    giveUpMs: 10 * 60_000,
};
