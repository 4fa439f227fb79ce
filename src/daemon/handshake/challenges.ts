/** Challenges that are open: questions whose answers show that a user has a file. */
import { randomBytes } from 'node:crypto';
import type { ClientMessageOf } from '../../protocol/messages.js';
import { pickLeaves } from '../../protocol/proof.js';
import { newId } from '../ids.js';

type EncodeRequest = ClientMessageOf<'encode.request'>;

export interface OpenChallenge {
    id: string;
    userId: number;
    request: EncodeRequest;
    /** The key of the proof: 32 random bytes, hex. */
    nonce: string;
    /** 0-based, ascending. */
    leaves: number[];
    /** Milliseconds since the epoch. */
    expiresAt: number;
}

/** For how long a challenge may be answered. */
const TIMEOUT_MS = 10 * 60_000;
/** Each keeps its request, which may hold an image: 256 KiB at most (MAX_MESSAGE_BYTES). */
const MAX_OF_USER = 64;
const MAX_OF_ALL = 1_000;

export class Challenges {
    /** In the order in which they expire. */
    readonly #open = new Map<string, OpenChallenge>();

    /** Opens one; where there are too many, the oldest of the user's, or of all, is void. */
    open(userId: number, request: EncodeRequest, now = Date.now()): OpenChallenge {
        for (const [id, { expiresAt }] of this.#open) {
            if (expiresAt >= now && this.#open.size < MAX_OF_ALL) break;
            this.#open.delete(id);
        }
        const own = [...this.#open.values()].filter((each) => each.userId === userId);
        if (own.length >= MAX_OF_USER) this.#open.delete(own[0]?.id ?? '');
        const challenge: OpenChallenge = {
            ...{ id: newId(), userId, request },
            nonce: randomBytes(32).toString('hex'),
            leaves: pickLeaves(request.file.size),
            expiresAt: now + TIMEOUT_MS,
        };
        this.#open.set(challenge.id, challenge);
        return challenge;
    }

    /** Takes one to be judged; it is not open any more. @returns undefined for that of another user */
    take(userId: number, id: string, now = Date.now()): OpenChallenge | undefined {
        const challenge = this.#open.get(id);
        if (challenge?.userId !== userId || challenge.expiresAt < now) return undefined;
        this.#open.delete(id);
        return challenge;
    }
}
