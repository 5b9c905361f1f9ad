/**
 * `Temporal`, where the engine has it.
 *
 *   ["temporal","PlainDate","2024-05-01[u-ca=iso8601]"]   also PlainDateTime, PlainTime, PlainYearMonth, PlainMonthDay
 *   ["temporal","Instant","1714550400000000000"]          nanoseconds since 1970
 *   ["temporal","ZonedDateTime","1714550400000000000","Europe/Berlin","iso8601"]
 *   ["temporal","Duration",1,0,0,0,36,0,0,1500,0,0]       its fields, from years to nanoseconds: a text would balance them
 */
import { broken, type Kind, lacking, type Node, quote, string } from "../kind.ts";

interface TemporalClass {
  new (...fields: unknown[]): object;
  from(text: string): object;
  readonly prototype: object;
}

const home = (globalThis as { readonly Temporal?: Readonly<Record<string, TemporalClass>> }).Temporal;

const PLAIN = ["PlainDate", "PlainDateTime", "PlainTime", "PlainYearMonth", "PlainMonthDay"];
const NAMES = [...PLAIN, "Instant", "ZonedDateTime", "Duration"];
const UNITS = "years months weeks days hours minutes seconds milliseconds microseconds nanoseconds".split(
  " ",
);

const classes = new Map<string, TemporalClass>();
const names = new Map<object, string>();
for (const name of NAMES) {
  const found = home?.[name];
  if (found === undefined) continue;
  classes.set(name, found);
  names.set(found.prototype, name);
}

/** What the engine's getter says. Throws for an object that only looks like one. */
function read(value: object, name: string, key: string): unknown {
  const { get } = Object.getOwnPropertyDescriptor(classes.get(name)!.prototype, key)!;
  return Reflect.apply(get!, value, []);
}

export const temporal: Kind = {
  tags: ["temporal"],
  prototypes: [...names.keys()],
  write(value: object): string {
    const name = names.get(Object.getPrototypeOf(value))!;
    const field = (key: string) => read(value, name, key);
    const head = `["temporal","${name}"`;
    switch (name) {
      case "Instant":
        return `${head},"${String(field("epochNanoseconds"))}"]`;
      case "ZonedDateTime":
        return `${head},"${String(field("epochNanoseconds"))}",${quote(String(field("timeZoneId")))},${quote(String(field("calendarId")))}]`;
      case "Duration":
        return `${head},${UNITS.map(field).join()}]`;
      default: {
        const { toString } = classes.get(name)!.prototype;
        const text = Reflect.apply(toString, value, [{ calendarName: "always" }] as never) as string;
        return `${head},${quote(text)}]`;
      }
    }
  },
  allocate(node: Node): unknown {
    const name = string(node[1]);
    if (!NAMES.includes(name)) return broken("a part of Temporal that is none");
    const Class = classes.get(name) ?? lacking(`Temporal.${name}`);
    if (PLAIN.includes(name)) return Class.from(string(node[2]));
    if (name !== "Duration") return new Class(BigInt(digits(node[2])), ...node.slice(3, 5).map(string));
    const fields = node.slice(2);
    if (fields.length !== UNITS.length || !fields.every((one) => typeof one === "number"))
      return broken("a duration without its fields");
    return new Class(...fields);
  },
};

function digits(raw: unknown): string {
  const text = string(raw);
  return /^-?\d{1,30}$/.test(text) ? text : broken("a time that is none");
}
