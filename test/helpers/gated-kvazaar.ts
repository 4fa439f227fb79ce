/** A kvazaar that a test holds: an encode that is under way for as long as it has to be. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPrograms } from '../../src/encoder/index.js';
import { temporaryFolder } from './temporary.js';

export interface GatedKvazaar {
    /** For KVZ_CLOUD_KVAZAAR. */
    path: string;
    /** Lets all encodes go on, now and later. */
    open: () => void;
}

/**
 * The real kvazaar, whose every process gets the first bytes of its input, and the rest when the
 * gate is open. It runs outside the sandbox, where the gate is to be seen.
 * @param bytes 0: it is not even started before
 */
export function gatedKvazaar(bytes = 0): GatedKvazaar {
    const { kvazaar } = findPrograms();
    const folder = join(temporaryFolder(), 'bin');
    mkdirSync(folder);
    const path = join(folder, 'kvazaar');
    const gate = join(folder, 'open');
    const wait = `until [ -e '${gate}' ]; do sleep 0.05; done`;
    // The encoder takes the place of the shell, so that signals reach it and its end is told.
    const script =
        bytes === 0
            ? [wait, `exec '${kvazaar}' "$@"`]
            : [
                  `pipe='${folder}'/pipe.$$`,
                  'mkfifo "$pipe"',
                  'exec 3<&0',
                  `{ rm "$pipe"; head -c ${bytes}; ${wait}; cat; } <&3 >"$pipe" &`,
                  `exec '${kvazaar}' "$@" <"$pipe" 3<&-`,
              ];
    const version = `[ "$1" = --version ] && exec '${kvazaar}' --version`;
    writeFileSync(path, `#!/bin/sh\n${[version, ...script].join('\n')}\n`);
    chmodSync(path, 0o755);
    return { path, open: () => writeFileSync(gate, '') };
}
