/** What `kvz-cloud token …` does: in the data folder on this machine, or by asking a daemon elsewhere. */
import { resolve } from 'node:path';
import { isLoopbackHost } from '../../config/loopback.js';
import type { TokenInfo } from '../../protocol/messages.js';
import type { Role } from '../../protocol/roles.js';
import type { CliContext } from '../context.js';
import type { TokenKeeper } from '../host.js';
import { formatTable } from '../ui/table.js';
import type { TokenFlags } from './token.js';

/**
 * Tokens of a daemon on this machine are kept through its data folder: who may write that may do
 * this, and no admin is needed to make the first one. Those of another, or of one that an option or
 * a context names, are asked for over the wire.
 */
async function withKeeper<T>(
    context: CliContext,
    flags: TokenFlags,
    work: (keeper: TokenKeeper) => T | Promise<T>,
): Promise<T> {
    const given = flags.dataDir === undefined ? undefined : resolve(flags.dataDir);
    const { values, sources } = context.settings(
        { server: flags.server, dataDir: given },
        flags.context,
    );
    const isNamed = flags.server !== undefined || sources.server === 'context';
    const isHere = !isNamed && isLoopbackHost(new URL(values.server).hostname);
    if (given !== undefined || isHere) {
        return work(await context.host.tokensOf(values.dataDir));
    }
    return context.withClient(flags, async (client) =>
        work({
            create: (name, role, expiresInSeconds) =>
                client.createToken(name, { role, expiresInSeconds }),
            list: () => client.tokens(),
            revoke: (name) => client.revokeToken(name),
        }),
    );
}

const dayOf = (iso: string | undefined): string => iso?.slice(0, 16).replace('T', ' ') ?? '-';

export async function createToken(
    context: CliContext,
    name: string,
    flags: TokenFlags & { role: Role; expires?: number },
): Promise<void> {
    const made = await withKeeper(context, flags, (keeper) =>
        keeper.create(name, flags.role, flags.expires),
    );
    if (flags.json) return context.printJson(made);
    const end = made.expiresAt === undefined ? 'until it is revoked' : `until ${made.expiresAt}`;
    context.say(`token of ${made.name} (${made.role}), good ${end}; it is not shown again:`);
    return context.print(made.token);
}

export async function listTokens(context: CliContext, flags: TokenFlags): Promise<void> {
    const tokens = await withKeeper(context, flags, (keeper) => keeper.list());
    if (flags.json) return context.printJson(tokens);
    if (tokens.length === 0) return context.say('no tokens have been issued');
    const row = (each: TokenInfo): string[] => [
        each.name,
        each.role,
        each.state,
        dayOf(each.createdAt),
        dayOf(each.expiresAt),
        dayOf(each.usedAt),
    ];
    const header = ['NAME', 'ROLE', 'STATE', 'CREATED (UTC)', 'EXPIRES', 'LAST USED'];
    return formatTable(header, tokens.map(row)).forEach((line) => context.print(line));
}

export async function revokeToken(
    context: CliContext,
    name: string,
    flags: TokenFlags,
): Promise<void> {
    const info = await withKeeper(context, flags, (keeper) => keeper.revoke(name));
    if (flags.json) return context.printJson(info);
    return context.say(`the token of ${info.name} is revoked; its connections end`);
}
