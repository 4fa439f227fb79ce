/** What `kvz-cloud daemon backup` does. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from '../../config/settings.js';
import type { CliContext } from '../context.js';
import { formatBytes } from '../ui/format.js';

export async function backUpDaemon(
    context: CliContext,
    settings: Settings,
    file: string,
    force: boolean,
): Promise<void> {
    const target = resolve(file);
    await context.host.backUpDatabase(settings.dataDir, target, force);
    context.say(`the database is in ${target} (${formatBytes(statSync(target).size)})`);
}
