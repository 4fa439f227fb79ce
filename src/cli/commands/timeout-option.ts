/** `--timeout`, an end to waiting. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { timeLimit } from '../../config/setting-values.js';

/** Seconds from text such as "90s" or "2h". */
function seconds(text: string): number {
    try {
        return timeLimit(text);
    } catch (error) {
        throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
}

/** `--timeout`, the same for every command that has it. */
export function addTimeout(command: Command, description: string): Command {
    return command.addOption(new Option('--timeout <duration>', description).argParser(seconds));
}
