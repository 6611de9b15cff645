import { expect, test } from 'vitest';
import { hueOf, initialsOf } from '../../src/components/Avatar';
import { helpFor } from '../../src/components/PermissionHelp';

test.each([
  ['Ana Ruiz', 'AR'],
  ['ana maría de ruiz', 'AR'],
  ['jonas', 'J'],
  ['mei_tanaka', 'MT'],
  ['🦦 otter', '🦦O'],
  ['...', ''],
])('the initials of %j are %j', (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

test('a name always has the same hue, one of eight', () => {
  expect(hueOf('Ana')).toBe(hueOf('Ana'));
  const hues = new Set(Array.from({ length: 100 }, (_, n) => hueOf(`person ${n}`)));
  expect(hues.size).toBe(8);
});

test('each problem has words of its own, and only an insecure page cannot be tried again', () => {
  const problems = [
    'denied',
    'denied-by-system',
    'missing',
    'in-use',
    'insecure',
    'failed',
  ] as const;
  for (const what of ['camera', 'microphone and camera']) {
    const help = problems.map((problem) => helpFor(what, problem));
    expect(new Set(help.map(({ title }) => title)).size).toBe(problems.length);
    expect(new Set(help.map(({ advice }) => advice)).size).toBe(problems.length);
  }
  expect(problems.filter((problem) => !helpFor('camera', problem).canRetry)).toEqual(['insecure']);
});
