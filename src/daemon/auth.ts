/** Who may talk to the daemon: the token, and which Host and Origin a request must name. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KvzError } from '../protocol/errors.js';
import type { Store, User } from './store/index.js';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export function isLoopback(host: string): boolean {
    return LOOPBACK.has(host);
}

/** Tokens shorter than this can be guessed and are refused. */
const MIN_TOKEN_LENGTH = 16;

const users = new WeakMap<FastifyRequest, User>();

/** The user of a request that has passed {@link requireToken}. */
export function requireUser(request: FastifyRequest): User {
    const user = users.get(request);
    if (!user) throw new KvzError('NOT_AUTHORISED', 'a token is needed');
    return user;
}

/** On loopback any token opens an account of its own, as it never leaves the machine. */
export function userOfToken(store: Store, token: string): User {
    if (token.length < MIN_TOKEN_LENGTH) {
        throw new KvzError('NOT_AUTHORISED', 'the token is too short');
    }
    return store.users.findOrCreate(token, Date.now());
}

/** Puts the user of the bearer token on each request of the routes in `app`. */
export function requireToken(app: FastifyInstance, store: Store): void {
    app.addHook('onRequest', async (request) => {
        const token = /^Bearer ([\w.~+/=-]{1,256})$/.exec(request.headers.authorization ?? '')?.[1];
        if (token === undefined) throw new KvzError('NOT_AUTHORISED', 'a token is needed');
        users.set(request, userOfToken(store, token));
    });
}

/**
 * Refuses what a page in a browser could send here: a Host that is not this daemon's (DNS
 * rebinding), or the Origin of another site.
 * @throws KvzError FORBIDDEN_HOST
 */
export function checkHostAndOrigin(request: IncomingMessage): void {
    const { port } = request.socket.address() as AddressInfo;
    const allowed = [...LOOPBACK].map((host) =>
        host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    );
    const host = request.headers.host?.toLowerCase();
    if (host === undefined || !allowed.includes(host)) {
        throw new KvzError('FORBIDDEN_HOST', `this daemon is not ${host ?? 'nameless'}`);
    }
    const origin = request.headers.origin?.toLowerCase();
    if (origin !== undefined && !allowed.some((each) => origin === `http://${each}`)) {
        throw new KvzError('FORBIDDEN_HOST', 'requests from other sites are not allowed');
    }
}
