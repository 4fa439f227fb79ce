/** `kvz-cloud token`: its subcommands and options. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { duration } from '../../config/setting-values.js';
import { MAX_TOKEN_SECONDS, ROLES } from '../../protocol/roles.js';
import type { Role } from '../../protocol/roles.js';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

export interface TokenFlags extends ServerFlags {
    dataDir?: string;
    json?: boolean;
}

function expiry(text: string): number {
    let seconds: number;
    try {
        seconds = Math.round(duration(text));
    } catch (error) {
        throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
    if (seconds < 1 || seconds > MAX_TOKEN_SECONDS) {
        throw new InvalidArgumentError('expected 1s to 3650d.');
    }
    return seconds;
}

function addTokenOptions(command: Command): Command {
    return addServerOptions(command)
        .option('--data-dir <folder>', 'of a daemon on this machine, instead of asking a daemon')
        .option('--json', 'one JSON document on stdout');
}

export function addToken(program: Command, context: CliContext): void {
    const token = program
        .command('token')
        .description('say who may use a daemon that others reach over the network');

    const create = token
        .command('create')
        .description('issue a token, print it on stdout this once, and store its hash')
        .argument('<name>', 'the account: letters, digits, "-", "_" and "."')
        .addOption(
            new Option('--role <role>', 'what it may do').choices(ROLES).default('user' as const),
        )
        .addOption(
            new Option(
                '--expires <time>',
                'how long it is let in, e.g. 12h or 30d (default: for ever)',
            ).argParser(expiry),
        )
        .action(async (name: string, flags: TokenFlags & { role: Role; expires?: number }) => {
            const { createToken } = await import('./token-action.js');
            await createToken(context, name, flags);
        });
    addTokenOptions(create);
    addExamples(create, [
        ['kvz-cloud token create anna > anna.token', 'to be sent to Anna, for her KVZ_CLOUD_TOKEN'],
        ['kvz-cloud token create ci --expires 90d', ''],
        ['kvz-cloud token create me --role admin', 'who sees and controls all jobs and tokens'],
    ]);

    const list = addTokenOptions(
        token.command('list').description('list the issued tokens; not the tokens themselves'),
    ).action(async (flags: TokenFlags) => {
        const { listTokens } = await import('./token-action.js');
        await listTokens(context, flags);
    });
    addExamples(list, [['kvz-cloud token list --json', '']]);

    const revoke = addTokenOptions(
        token
            .command('revoke')
            .description('end a token and its connections; the account and its jobs stay')
            .argument('<name>', 'the account'),
    ).action(async (name: string, flags: TokenFlags) => {
        const { revokeToken } = await import('./token-action.js');
        await revokeToken(context, name, flags);
    });
    addExamples(revoke, [['kvz-cloud token revoke anna', '']]);
    addExamples(token, [
        ['kvz-cloud token create anna', 'on the machine of the daemon'],
        ['kvz-cloud token list --server https://video.example.org', 'with the token of an admin'],
        ['kvz-cloud token revoke anna', ''],
    ]);
}
