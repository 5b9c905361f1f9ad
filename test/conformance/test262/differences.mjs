/** Programs of the suite that show what docs/differences.md says: they fail, and are no failures. */

/** By the words of that page: what the paths of the programs have in them. */
const differences = {
  "text of a function": [
    /Function\/prototype\/toString\//,
    /cpn-.*computed-property-name-from-async-arrow-function-expression/,
  ],
  "methods of a generator's prototype": [/\/generators\/prototype-own-properties/],
  "prototypes of iterators": [
    /(Array|Map|Set|String|RegExpString)IteratorPrototype\/(Symbol\.toStringTag|ancestry)/,
    /(entries|keys|values|Symbol\.iterator|matchAll)(\/returns-iterator(-from-object)?)?\.js$/,
  ],
  "Promise is the machine's": [
    /dynamic-import\/(always-create-new-promise|returns-promise|indirect-resolution)/,
    /Promise\/(promise|proto-from-ctor-realm|get-prototype-abrupt-executor-not-callable)\.js/,
    /Promise\/prototype\/(S25\.4\.5_A3\.1_T1|Symbol\.toStringTag|proto)\.js/,
    /Symbol\/species\/builtin-getter-name|Promise\/Symbol\.species\/symbol-species-name/,
    // Its species is the engine's.
    /Promise\/prototype\/then\/ctor-throws/,
  ],
  "finally of a subclass": [
    /finally\/((rejected|resolved)-observable-then-calls|species-constructor|subclass-)/,
  ],
  "resolving functions of race": [
    /Promise\/\w+\/(same-re(ject|solve)-function|re(ject|solve)-from-same-thenable|reject-element-function-multiple-calls)/,
  ],
  "Proxies that are awaited": [
    /Proxy\/(get|set)PrototypeOf\/|Reflect\/getPrototypeOf|hasInstance\/value-get-prototype-of-err/,
  ],
  "built-ins that are replaced": [
    /Promise\/\w+\/does-not-invoke-array-setters/,
    /language\/expressions\/array\/11\.1\.4_\d-\d-1|for-in\/head-lhs-let/,
    /language\/expressions\/delete\/11\.4\.1-4\.a-8/,
  ],
};

/** @returns {string | null} the difference that a program is about */
export function differenceOf(path) {
  for (const [words, patterns] of Object.entries(differences))
    if (patterns.some((pattern) => pattern.test(path))) return words;
  return null;
}
