import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { complete } from './candidates.js';
import { completionPoint } from './point.js';

/**
 * Answers a shell that asks what can stand at the cursor. Whatever goes wrong, a daemon that is not
 * there above all, there is just nothing to offer: nobody who types wants to read about it.
 * @param words after `__complete`; the last one is under the cursor, and may be empty
 */
export async function answerShell(
    program: Command,
    context: CliContext,
    words: readonly string[],
): Promise<void> {
    try {
        const candidates = await complete(context, completionPoint(program, words));
        if (typeof candidates === 'string') return context.print(candidates);
        context.print('words');
        for (const { value, help } of candidates) {
            context.print(`${value}\t${(help ?? '').replaceAll(/\s+/g, ' ')}`);
        }
    } catch {
        context.print('words');
    }
}
