/** What the proxy can do to one request. */
export type Fault =
    /** Both connections end in the middle of the body. */
    | { kind: 'cut'; afterBytes: number }
    /** The daemon sees a body that ends too early. */
    | { kind: 'truncate'; afterBytes: number }
    /** One bit of the body is turned over. */
    | { kind: 'corrupt-body'; offset: number }
    /** One byte of the head is another one. */
    | { kind: 'corrupt-head'; offset: number; byte: number }
    /** The whole request arrives once more: ahead of it, beside it, or after its answer. */
    | { kind: 'duplicate'; when: 'before' | 'beside' | 'after' }
    /** Milliseconds before the request goes on. */
    | { kind: 'delay'; delayMs: number }
    /** The daemon handles the request, and its answer is lost with the connection. */
    | { kind: 'lose-answer' }
    /** The proxy answers in the daemon's stead; early: before it has read the body. */
    | { kind: 'answer'; status: number; retryAfter: string; early: boolean };

export type FaultKind = Fault['kind'];

/** Of a chunk that is posted. */
export interface PostedChunk {
    /** How many were posted before it, from whomever. */
    index: number;
    bodyBytes: number;
    headBytes: number;
}

/** Decides on each posted chunk; undefined lets it pass. */
export type FaultPlan = (chunk: PostedChunk) => Fault | undefined;
