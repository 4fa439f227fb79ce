/**
 * Tickets: what a browser downloads a result with, as a link cannot carry a token in a header and
 * a token has no place in an address. Each is good once, for one result, for a short time.
 */
import { randomBytes } from 'node:crypto';
import type { User } from '../store/index.js';

const TICKET_SECONDS = 60;
const MAX_TICKETS_PER_USER = 100;
const MAX_TICKETS = 10_000;

interface Ticket {
    user: User;
    jobId: string;
    expiresAtMs: number;
}

export class DownloadTickets {
    /** In the order in which they expire. */
    readonly #tickets = new Map<string, Ticket>();

    /** @returns the ticket; the oldest of the user's, or of all, is void where there are too many */
    issue(user: User, jobId: string, now = Date.now()): { ticket: string; expiresAtMs: number } {
        this.#forgetExpired(now);
        const own = [...this.#tickets].filter(([, each]) => each.user.id === user.id);
        if (own.length >= MAX_TICKETS_PER_USER) this.#tickets.delete(own[0]?.[0] ?? '');
        for (const oldest of this.#tickets.keys()) {
            if (this.#tickets.size < MAX_TICKETS) break;
            this.#tickets.delete(oldest);
        }
        const ticket = randomBytes(32).toString('base64url');
        const expiresAtMs = now + TICKET_SECONDS * 1000;
        this.#tickets.set(ticket, { user, jobId, expiresAtMs });
        return { ticket, expiresAtMs };
    }

    /** Uses a ticket up. @returns whose it was; undefined when it is not good for this job, or any more */
    redeem(ticket: string, jobId: string, now = Date.now()): User | undefined {
        const found = this.#tickets.get(ticket);
        this.#tickets.delete(ticket);
        return found?.jobId === jobId && found.expiresAtMs > now ? found.user : undefined;
    }

    #forgetExpired(now: number): void {
        for (const [ticket, { expiresAtMs }] of this.#tickets) {
            if (expiresAtMs > now) return;
            this.#tickets.delete(ticket);
        }
    }
}
