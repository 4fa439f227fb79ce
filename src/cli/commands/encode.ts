import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Container } from '../../protocol/messages.js';
import type { CliContext } from '../context.js';
import { VIEW_NAMES } from '../ui/view.js';
import type { ViewName } from '../ui/view.js';
import { addExamples, addServerOptions } from './common.js';

export interface EncodeFlags {
    preset: string;
    container?: Container;
    output?: string;
    force?: boolean;
    raw?: boolean;
    inputRes?: string;
    inputFps?: string;
    inputFormat?: string;
    /** False with --no-logo, a path with --logo. */
    logo?: boolean | string;
    logoSeconds?: number;
    deinterlace?: boolean;
    strict?: boolean;
    verify?: boolean;
    priority: number;
    detach?: boolean;
    failOnDuplicate?: boolean;
    progress?: ViewName;
    json?: boolean;
    server?: string;
    start: boolean;
}

const CONTAINER_NAMES = ['hevc', 'mp4', 'mkv'] as const satisfies readonly Container[];
const LOWEST_PRIORITY = -100;
const HIGHEST_PRIORITY = 100;

function priority(text: string): number {
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

export function addEncode(program: Command, context: CliContext): void {
    const command = program
        .command('encode')
        .description('encode files to HEVC and bring the results back')
        .usage('FILE... [options] [-- KVAZAAR OPTIONS]')
        .argument('<file...>', 'video files')
        .option('-p, --preset <name>', 'ultrafast … placebo', 'medium')
        .addOption(
            new Option(
                '-c, --container <name>',
                "hevc, mp4 or mkv (default: from -o's ending, else mkv)",
            ).choices(CONTAINER_NAMES),
        )
        .option(
            '-o, --output <path>',
            'file, or folder for several inputs (default: NAME.hevc.EXT)',
        )
        .option('-f, --force', 'replace an output that is there')
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
        .option('--strict', 'fail rather than code more than 8 bits a sample with 8')
        .option('--verify', 'decode all of the result and compare each frame with its hash')
        .addOption(new Option('--priority <n>', 'higher runs first').argParser(priority).default(0))
        .option('-d, --detach', 'return once the job is queued; prints its id')
        .option('--fail-on-duplicate', 'exit 3 when this request was made before')
        .addOption(
            new Option(
                '--progress <view>',
                'ui, bar, plain or none (default: ui on a terminal, else plain)',
            ).choices(VIEW_NAMES),
        )
        .option('--json', 'one JSON object per line on stdout')
        .action(async (files: string[], flags: EncodeFlags) => {
            const { runEncode } = await import('./encode-action.js');
            context.exitStatus = await runEncode(context, files, flags);
        });
    addServerOptions(command).option('--no-start', 'do not start a local daemon when none runs');
    addExamples(command, [
        ['kvz-cloud encode clip.mp4', 'makes clip.hevc.mkv'],
        ['kvz-cloud encode clip.mp4 --preset fast -o out.mp4', ''],
        ['kvz-cloud encode a.mov b.mov -o done/', 'several files'],
        ['kvz-cloud encode clip.mp4 -- --qp 27 --gop 8', "kvazaar's own options"],
        ['kvz-cloud encode x.yuv --raw --input-res 1920x1080 --input-fps 50', 'raw video'],
        ['id=$(kvz-cloud encode clip.mp4 --detach)', 'go on later with "wait" and "download"'],
    ]);
}
