/* What every page starts with. Modules listen on the document, so that swapped content needs no setup. */
import "./mode.js";
import "./overlays.js";
import "./forms.js";
import "./passkeys.js";
import "./kept.js";
import "./table.js";
import "./live.js";
import "./keys.js";
import "./times.js";
import "./charts.js";
import "./drawn.js";
import "./tabs.js";
import "./edges.js";
import "./picker.js";
