import test from 'ava';
import fc from 'fast-check';
import { propertyProblem } from '#tools/compat/property-problems.ts';

test('a list is refused with the text that says the same, whatever it holds', (t) => {
  const fixOf = (value: unknown) => propertyProblem({ name: 'p', value })?.fix ?? '';
  t.is(fixOf(['a', 'b']), 'Write it as one text with commas: { name: p, value: "a,b", type: list of strings }.');
  t.regex(fixOf([{ toString: 1 }]), /^Write one text with commas/);
  t.regex(fixOf([['a'], null]), /^Write one text with commas/);
});

test('any value of any type gets an answer of one line', (t) => {
  const value = fc.oneof(fc.anything(), fc.array(fc.anything()), fc.jsonValue());
  const type = fc.option(fc.constantFrom('string', 'int', 'float', 'boolean', 'version', 'list of strings', 'x'), {
    nil: undefined,
  });
  fc.assert(
    fc.property(value, type, (each, of) => {
      const problem = propertyProblem({ name: 'p', value: each, type: of });
      t.notRegex(`${problem?.message}${problem?.fix}`, /\n/);
    }),
  );
});
