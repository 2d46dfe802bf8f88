import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import type { Messages } from '../host/messages';
import type { Message, MessageArg } from '../host/protocol';
import { capital, plainText } from '../lib/text';

/** A message of the catalogue. */
export type MessageId = keyof Messages;

/** A message without arguments. */
export type PlainId = { [K in MessageId]: Messages[K] extends undefined ? K : never }[MessageId];

/** A message that says why something failed, with a text from elsewhere. */
export type FailureId = {
  [K in MessageId]: Messages[K] extends { reason: infer R } ? (string extends R ? K : never) : never;
}[MessageId];

/** What formatting needs besides the message's name. */
type Arguments<K extends MessageId> = [Messages[K]] extends [undefined]
  ? []
  : [args: NonNullable<Messages[K]>];

export interface WordsOptions {
  /** Marks around what is put into a sentence, so that it cannot turn the text around it. */
  isolating?: boolean;
  /** A transformation of every text, for the pseudo-languages that tests use. */
  transform?: (text: string) => string;
  /** The direction of the text, if it is not the language's. */
  direction?: 'ltr' | 'rtl';
  /** Called with errors in a message, which is shown as far as possible nevertheless. */
  onError?: (error: Error) => void;
}

let bundle: FluentBundle | null = null;
let report: (error: Error) => void = () => undefined;

/** Uses these catalogues from now on; numbers and times are formatted for `locale`. */
export function useWords(locale: string, catalogues: readonly string[], options: WordsOptions = {}): void {
  const { isolating = true, transform, onError } = options;
  report = onError ?? (() => undefined);
  bundle = new FluentBundle(locale, {
    useIsolating: isolating,
    ...(transform === undefined ? {} : { transform }),
  });
  for (const catalogue of catalogues) bundle.addResource(new FluentResource(catalogue)).forEach(report);
}

/** Formats a message. Its arguments are text: no markup in them is interpreted. */
export function t<K extends MessageId>(id: K, ...args: Arguments<K>): string {
  return write(id, args[0] ?? {});
}

/** Formats a message of the core as part of a sentence. */
export function say(message: Message): string {
  return write(message.id, message.args);
}

/** What the core says as a sentence of its own, for it is written so that it can follow a colon; empty for nothing. */
export function sentenceOf(message: Message | null): string {
  return message === null ? '' : capital(say(message), bundle?.locales[0]);
}

/** Formats a whole number for the user's region. */
export function number(value: number): string {
  return t('ui-number', { value });
}

/** The words without the marks around what was put into them; for where they stand alone and may be copied. */
export function withoutMarks(text: string): string {
  return text.replace(/[\u2068\u2069]/g, '');
}

/** Removes characters that affect the text around it. Isolation marks of nested messages stay. */
function clean(text: string): string {
  let depth = 0;
  let lowest = 0;
  const parts = text.split(/([\u2068\u2069])/).map((part) => {
    if (part === '\u2068') depth += 1;
    else if (part === '\u2069') lowest = Math.min(lowest, (depth -= 1));
    else return plainText(part);
    return part;
  });
  const balanced = depth === 0 && lowest === 0;
  return balanced ? parts.join('') : withoutMarks(parts.join(''));
}

function write(id: string, args: Readonly<Record<string, MessageArg | Date>>): string {
  const pattern = bundle?.getMessage(id)?.value;
  if (bundle === null || pattern === undefined || pattern === null) {
    report(new Error(`no message is named ${id}`));
    return id;
  }
  const values: Record<string, FluentVariable> = {};
  for (const [name, value] of Object.entries(args)) values[name] = plain(value);
  const errors: Error[] = [];
  const text = bundle.formatPattern(pattern, values, errors);
  errors.forEach(report);
  return text;
}

/** Converts an argument for the catalogue: a nested message is formatted first. */
function plain(value: MessageArg | Date): string | number | Date {
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'number' || value instanceof Date) return value;
  return 'time' in value ? value.time : write(value.id, value.args);
}
