/** Who may talk to the daemon over HTTP. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { KvzError } from '../../protocol/errors.js';
import type { Access } from '../access/index.js';
import type { User } from '../store/index.js';

const users = new WeakMap<FastifyRequest, User>();

/** The user of a request that has passed {@link requireToken}. @throws KvzError NOT_AUTHORISED */
export function requireUser(request: FastifyRequest): User {
    const user = users.get(request);
    if (!user) throw new KvzError('NOT_AUTHORISED', 'a token is needed');
    return user;
}

/** Where a ticket is as good as a token. */
const TICKET_ROUTE = '/jobs/:id/result';

function userOfTicket({ tickets }: Access, request: FastifyRequest): User | undefined {
    const { ticket } = request.query as { ticket?: unknown };
    const { id } = request.params as { id?: unknown };
    const isFor = request.method === 'GET' && request.routeOptions.url === TICKET_ROUTE;
    if (!isFor || typeof ticket !== 'string' || typeof id !== 'string') return undefined;
    const user = tickets.redeem(ticket, id);
    if (!user) throw new KvzError('NOT_AUTHORISED', 'this ticket is used up, or too old');
    return user;
}

/** @throws KvzError NOT_AUTHORISED, TOO_MANY_REQUESTS */
function userOf(access: Access, request: FastifyRequest): User {
    const { authenticator, gate } = access;
    const { authorization } = request.headers;
    const user = authorization === undefined ? userOfTicket(access, request) : undefined;
    if (user) return user;
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new KvzError('NOT_AUTHORISED', 'a token is needed');
    return authenticator.userOf(token, gate.addressOf(request.raw));
}

/**
 * Puts the user of the bearer token on each request of the routes in `app`. Requests end with their
 * token.
 * @param check throws unless the user may use them
 */
export function requireToken(
    app: FastifyInstance,
    access: Access,
    check: (user: User) => void,
): void {
    app.addHook('onRequest', async (request, reply) => {
        const user = userOf(access, request);
        check(user);
        access.limits.request(user.id);
        users.set(request, user);
        request.log = request.log.child({ user: user.id });
        const leave = access.presences.enter(user, () => request.raw.socket.destroy());
        reply.raw.once('close', leave);
    });
}
