/**
 * What limits how many jobs run at once. Which jobs there are, and in which order they come, is in
 * the store; a queue only decides when the next one is asked for.
 */
export interface JobQueue {
    /** Says that there may be work: a job was queued, or a slot should be looked at again. */
    wake(): void;
    /** Jobs that run now. */
    readonly running: number;
    /** Takes no more jobs and resolves when those running have ended. */
    stop(): Promise<void>;
}
