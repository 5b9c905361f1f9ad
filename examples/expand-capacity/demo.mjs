// What `npm start` runs. The tour itself is TypeScript; this lets Node read it, from any folder.
import "coldframe/register";

await import("./tour.ts");
