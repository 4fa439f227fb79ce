/** The options that say how files are encoded: the same for every command that encodes. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Profile } from '../../config/profiles.js';
import type { Container } from '../../protocol/messages.js';

/** What {@link addEncodeOptions} defines, as commander hands it over; undefined when not given. */
export interface EncodeOptionFlags extends Omit<Profile, 'kvazaar'> {
    profile?: string;
    raw?: boolean;
    inputRes?: string;
    inputFps?: string;
    inputFormat?: string;
}

const CONTAINER_NAMES = ['hevc', 'mp4', 'mkv'] as const satisfies readonly Container[];
const LOWEST_PRIORITY = -100;
const HIGHEST_PRIORITY = 100;

/** @throws InvalidArgumentError */
export function priority(text: string): number {
    const value = Number(text);
    if (!Number.isInteger(value) || value < LOWEST_PRIORITY || value > HIGHEST_PRIORITY) {
        throw new InvalidArgumentError(
            `expected a whole number from ${LOWEST_PRIORITY} to ${HIGHEST_PRIORITY}.`,
        );
    }
    return value;
}

function seconds(text: string): number {
    const value = Number(text);
    if (!(value >= 0.1 && value <= 30)) {
        throw new InvalidArgumentError('expected seconds from 0.1 to 30.');
    }
    return value;
}

/**
 * Adds the options; {@link buildRequest} in build-request.ts makes a request of them. None has a
 * default of commander's: what was not given is left to the profile.
 */
export function addEncodeOptions(command: Command): Command {
    return command
        .option('-p, --preset <name>', 'ultrafast … placebo (default: medium)')
        .option('--profile <name>', 'options of your own, from "profiles" in the settings')
        .addOption(
            new Option(
                '-c, --container <name>',
                "hevc, mp4 or mkv (default: from -o's ending, else mkv)",
            ).choices(CONTAINER_NAMES),
        )
        .option('--raw', 'the input is raw video')
        .option('--input-res <WxH>', 'size of raw video in pixels')
        .option('--input-fps <n>', 'frames per second of raw video, N or N/D (default: 25)')
        .option('--input-format <name>', 'pixel format of raw video (default: yuv420p)')
        .option('--logo <file>', 'an image of your own for the closing logo')
        .option('--no-logo', 'leave out the closing logo')
        .addOption(
            new Option('--logo-seconds <n>', 'how long the logo is shown').argParser(seconds),
        )
        .option('--deinterlace', 'make progressive frames of interlaced ones')
        .option(
            '--strict',
            'fail rather than lose bits beyond 8 a sample, or code what is damaged or cut off',
        )
        .option('--verify', 'decode all of the result and compare each frame with its hash')
        .addOption(
            new Option('--priority <n>', 'higher runs first (default: 0)').argParser(priority),
        );
}
