/** `kvz-cloud encode`: its options; those of the encode itself are in encode-options.ts. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { VIEW_NAMES } from '../ui/view.js';
import type { ViewName } from '../ui/view.js';
import { addExamples, addServerOptions } from './common.js';
import { addEncodeOptions } from './encode-options.js';
import type { EncodeOptionFlags } from './encode-options.js';
import { addTimeout } from './timeout-option.js';

export interface EncodeFlags extends EncodeOptionFlags, ServerFlags {
    output?: string;
    force?: boolean;
    recursive?: boolean;
    /** What a video from stdin is called. */
    name?: string;
    dryRun?: boolean;
    quiet?: boolean;
    /** Seconds. */
    timeout?: number;
    detach?: boolean;
    failOnDuplicate?: boolean;
    progress?: ViewName;
    json?: boolean;
    start: boolean;
}

export function addEncode(program: Command, context: CliContext): void {
    const command = program
        .command('encode')
        .description('encode files to HEVC and bring the results back')
        .usage('FILE... [options] [-- KVAZAAR OPTIONS]')
        .argument('<file...>', 'video files, patterns such as "*.mov", folders, or - for stdin')
        .option(
            '-o, --output <path>',
            'file, folder for several inputs, or - for stdout (default: NAME.hevc.EXT)',
        )
        .option('-f, --force', 'replace an output that is there')
        .option('-r, --recursive', 'encode the videos in folders, into the same folders below -o')
        .option('--name <name>', 'what a video from stdin is called (default: stdin)');
    addTimeout(
        addEncodeOptions(command),
        'give up after this time, such as 90s or 2h, with exit 124; jobs go on',
    )
        .option('-n, --dry-run', 'only say what would be sent, and where results would go')
        .option('-d, --detach', 'return once the job is queued; prints its id')
        .option('--fail-on-duplicate', 'exit 3 when this request was made before')
        .addOption(
            new Option(
                '--progress <view>',
                'ui, bar, plain or none (default: ui on a terminal, else plain)',
            ).choices(VIEW_NAMES),
        )
        .option('-q, --quiet', 'say nothing but errors, and ids with --detach')
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
        ['kvz-cloud encode "takes/*.mov" --dry-run', 'what would be done'],
        ['kvz-cloud encode footage/ --recursive -o done/', 'a tree of folders'],
        ['cat clip.ts | kvz-cloud encode - -o - > out.mkv', 'from stdin to stdout'],
        ['kvz-cloud encode clip.mp4 -- --qp 27 --gop 8', "kvazaar's own options"],
        ['kvz-cloud encode clip.mp4 --profile archive', 'options of your own'],
        ['kvz-cloud encode x.yuv --raw --input-res 1920x1080 --input-fps 50', 'raw video'],
        ['id=$(kvz-cloud encode clip.mp4 --detach)', 'go on later with "wait" and "download"'],
    ]);
}
