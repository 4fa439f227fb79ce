/**
 * Messages of one client, taken at the pace that its user may have. More of them wait in the
 * client: nothing is read from its connection meanwhile, so nothing is lost and nothing piles up
 * but what one read has brought.
 */
import type { RawData, WebSocket } from 'ws';

/** Messages of one client that may be in work at once. */
const MAX_IN_WORK = 32;
/** Messages of one client that are begun before others are looked at. */
const PER_TURN = 4;

export interface Incoming {
    data: RawData;
    isBinary: boolean;
}

export class Inbox {
    readonly #socket: WebSocket;
    readonly #handle: (message: Incoming) => Promise<void>;
    readonly #waitMs: () => number;
    #waiting: Incoming[] = [];
    #inWork = 0;
    #leftInTurn = PER_TURN;
    #isClosed = false;
    #timer: NodeJS.Timeout | undefined;

    /**
     * @param handle answers a message; does not reject
     * @param waitMs milliseconds for which no message is to be handled
     */
    constructor(
        socket: WebSocket,
        handle: (message: Incoming) => Promise<void>,
        waitMs: () => number,
    ) {
        this.#socket = socket;
        this.#handle = handle;
        this.#waitMs = waitMs;
        socket.on('message', (data, isBinary) => {
            this.#waiting.push({ data, isBinary });
            this.#takeOn();
        });
        socket.on('close', () => {
            this.#isClosed = true;
            this.#waiting = [];
            clearTimeout(this.#timer);
        });
    }

    /** Whether nothing is read from the client just now. */
    get isHeld(): boolean {
        return this.#socket.isPaused;
    }

    /** Looks again at what may be done, as when the pace has changed. */
    pace(): void {
        this.#takeOn();
    }

    /** Answers that await nothing would follow each other without end, and nobody else's turn come. */
    #countTurn(): void {
        this.#leftInTurn -= 1;
        if (this.#leftInTurn > 0) return;
        setImmediate(() => {
            this.#leftInTurn = PER_TURN;
            this.#takeOn();
        });
    }

    #takeOn(): void {
        if (this.#isClosed) return;
        let waitMs = this.#waitMs();
        while (waitMs === 0 && this.#inWork < MAX_IN_WORK && this.#leftInTurn > 0) {
            const message = this.#waiting.shift();
            if (!message) break;
            this.#inWork += 1;
            this.#countTurn();
            void this.#handle(message).finally(() => {
                this.#inWork -= 1;
                this.#takeOn();
            });
            waitMs = this.#waitMs();
        }
        const mustWait = waitMs > 0 || this.#inWork >= MAX_IN_WORK || this.#waiting.length > 0;
        if (mustWait) this.#socket.pause();
        else if (this.#socket.isPaused) this.#socket.resume();
        clearTimeout(this.#timer);
        if (waitMs > 0) this.#timer = setTimeout(() => this.#takeOn(), waitMs);
    }
}
