/** Which run of the operating system this is. */
import { readFileSync } from 'node:fs';

/**
 * Differs after each start of the machine (random(4), boot_id).
 * @returns undefined where the system does not tell
 */
export function bootId(): string | undefined {
    try {
        return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
        return undefined;
    }
}
