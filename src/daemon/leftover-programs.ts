/**
 * Programs that an earlier daemon left running. They die with their daemon, but for one gap: the
 * inner process of bubblewrap waits for ever for the outer one, if that was killed within the
 * moment that the inner one needs to ask to die with it (bubblewrap 0.8).
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** Arguments of a process; none where it is gone or not ours to look at. */
async function argumentsOf(pid: string): Promise<string[]> {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return line.split('\0');
}

/**
 * Ends what still runs in the work folder, before any job of this daemon does. The folder is this
 * daemon's alone, so whoever is at work in it is nobody's. @returns how many there were
 */
export async function endLeftoverPrograms(workFolder: string): Promise<number> {
    if (process.platform !== 'linux') return 0;
    let ended = 0;
    for (const pid of await readdir('/proc')) {
        if (!/^\d+$/.test(pid)) continue;
        const [program = '', ...rest] = await argumentsOf(pid);
        const isOurs = rest.some((argument) => argument.startsWith(`${workFolder}/`));
        if (basename(program) !== 'bwrap' || !isOurs) continue;
        try {
            process.kill(Number(pid), 'SIGKILL');
            ended += 1;
        } catch {
            // It has ended by itself.
        }
    }
    return ended;
}
