/** What a role may do, in one place. */
import { KvzError } from '../../protocol/errors.js';
import type { User } from '../store/index.js';

export function isAdmin(user: User): boolean {
    return user.role === 'admin';
}

/** For what concerns the whole daemon: its queue, the jobs of all, tokens. @throws KvzError FORBIDDEN */
export function requireAdmin(user: User): void {
    if (!isAdmin(user)) throw new KvzError('FORBIDDEN', 'this needs the token of an admin');
}

/** For what users do: jobs, uploads, results. A worker's token does none of it. @throws KvzError FORBIDDEN */
export function requireUserRights(user: User): void {
    if (user.role === 'worker') {
        throw new KvzError('FORBIDDEN', 'the token of a worker machine has no rights of a user');
    }
}

/** For what worker machines ask. @throws KvzError FORBIDDEN */
export function requireWorkerRights(user: User): void {
    if (user.role !== 'worker') {
        throw new KvzError('FORBIDDEN', 'this needs a token with the role "worker"');
    }
}
