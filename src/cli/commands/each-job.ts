/** Commands that do the same to each of several jobs. */
import { KvzError } from '../../protocol/errors.js';
import type { ExitStatus } from '../../protocol/errors.js';
import type { Client } from '../../client/client.js';
import type { CliContext, ServerFlags } from '../context.js';
import { worstStatus } from '../worst-status.js';

interface EachJobFlags extends ServerFlags {
    json?: boolean;
}

/**
 * Does something to each job in turn; a failure is told and the others go on.
 * @param act gives what is printed of the job, and its entry in the JSON document
 */
export async function forEachJob(
    context: CliContext,
    jobIds: readonly string[],
    flags: EachJobFlags,
    act: (client: Client, jobId: string) => Promise<{ line: string; json: unknown }>,
): Promise<void> {
    const statuses: ExitStatus[] = [];
    const documents: unknown[] = [];
    await context.withClient(flags, async (client) => {
        for (const jobId of jobIds) {
            try {
                const { line, json } = await act(client, jobId);
                documents.push(json);
                if (!flags.json) context.print(line);
            } catch (error) {
                if (!(error instanceof KvzError)) throw error;
                statuses.push(error.exit);
                const { code, message } = error;
                documents.push({ id: jobId, error: { code, message } });
                context.say(message.includes(jobId) ? message : `${jobId}: ${message}`);
            }
        }
    });
    if (flags.json) context.printJson(documents);
    context.exitStatus = worstStatus(statuses);
}
