/** Who may talk to the daemon over HTTP, and which Host and Origin a request must name. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopbackHost } from '../config/loopback.js';
import { KvzError } from '../protocol/errors.js';
import type { Authenticator } from './access/authenticator.js';
import { requireUserRights } from './access/rights.js';
import type { User } from './store/index.js';

const users = new WeakMap<FastifyRequest, User>();

/** The user of a request that has passed {@link requireToken}. */
export function requireUser(request: FastifyRequest): User {
    const user = users.get(request);
    if (!user) throw new KvzError('NOT_AUTHORISED', 'a token is needed');
    return user;
}

/** Puts the user of the bearer token on each request of the routes in `app`, which are for users. */
export function requireToken(app: FastifyInstance, authenticator: Authenticator): void {
    app.addHook('onRequest', async (request) => {
        const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
        if (token === undefined) throw new KvzError('NOT_AUTHORISED', 'a token is needed');
        const user = authenticator.userOf(token);
        requireUserRights(user);
        users.set(request, user);
        request.log = request.log.child({ user: user.id });
    });
}

/**
 * Refuses what a page in a browser could send here: a Host that is not this daemon's (DNS
 * rebinding), or the Origin of another site.
 * @throws KvzError FORBIDDEN_HOST
 */
export function checkHostAndOrigin(request: IncomingMessage): void {
    const { port } = request.socket.address() as AddressInfo;
    const { host, origin } = request.headers;
    if (host === undefined || !isHere(`http://${host}`, port)) {
        throw new KvzError('FORBIDDEN_HOST', `this daemon is not ${host ?? 'nameless'}`);
    }
    if (origin !== undefined && !isHere(origin, port)) {
        throw new KvzError('FORBIDDEN_HOST', 'requests from other sites are not allowed');
    }
}

/** Whether an address names this machine and this port, which is left out where it is 80. */
function isHere(address: string, port: number): boolean {
    if (!URL.canParse(address)) return false;
    const url = new URL(address);
    return (
        url.protocol === 'http:' && isLoopbackHost(url.hostname) && Number(url.port || 80) === port
    );
}
