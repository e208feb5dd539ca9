# The output of `shoal --experimental-dump-help` as manual pages, one object {name, text} a command, in mdoc(7).
# $date: as "May 4, 2026".

# A line that begins with a dot or a quote would be a request; a backslash begins an escape.
def escaped: gsub("\\\\"; "\\e") | gsub("(?m)^(?<c>[.'])"; "\\&\(.c)");
# Of an argument of a macro: what looks like a macro is none, and quotes are doubled.
def word: gsub("\\\\"; "\\e") | gsub("\""; "\"\"") | "\"\(.)\"";
def spelling: if .kind == "long" then "-\(.name)" elif .kind == "short" then .name else .name end;

# Indented lines are examples, to be kept as they are; an empty line begins a paragraph.
def prose:
    reduce (split("\n")[]) as $line ({out: [], literal: false};
        ($line | startswith("  ")) as $is
        | if $is and (.literal | not) then .out += [".Bd -literal -offset indent"] | .literal = true
          elif ($is | not) and .literal then .out += [".Ed"] | .literal = false else . end
        | .out += [if $is then ($line[2:] | escaped) elif $line == "" then ".Pp" else ($line | escaped) end])
    | if .literal then .out + [".Ed"] else .out end
    # A paragraph before or after an example is there already.
    | . as $lines | [range(0; length) | select(
        ($lines[.] == ".Pp" and ($lines[. + 1] == null or ($lines[. + 1] | startswith(".Bd")))) | not) | $lines[.]]
    | join("\n");

def shown: [.arguments[]? | select(.shouldDisplay)];
def synopsis:
    shown | map(
        if .kind == "positional" then
            (if .isOptional then ".Op Ar " else ".Ar " end) + (.valueName | word) + (if .isRepeating then " ..." else "" end)
        elif .kind == "flag" then ".Op Fl " + (.preferredName | spelling | word)
        else (if .isOptional then ".Op Fl " else ".Fl " end) + (.preferredName | spelling | word) + " Ar " + (.valueName | word) end);
def item:
    (if .kind == "positional" then ".It Ar " + (.valueName | word)
     else ".It " + ([.names[] | "Fl " + (spelling | word)] | join(" , "))
        + (if .kind == "option" then " Ar " + (.valueName | word) else "" end) end),
    (.abstract // "" | escaped),
    (if .allValues then "One of: " + (.allValues | join(", ")) + "." else empty end),
    (if .defaultValue then "The default is " + .defaultValue + "." else empty end);

def page($path):
    {name: ($path | join("-")), text: ([
        ".\\\" Made from the command's own help by deploy/package.",
        ".Dd \($date)", ".Dt \($path | join("-") | ascii_upcase) 1", ".Os Shoal",
        ".Sh NAME", ".Nm " + ($path | join("-") | word),
        ".Nd " + (.abstract | rtrimstr(".") | escaped),
        ".Sh SYNOPSIS", ".Nm " + ($path | join(" ") | word), synopsis[],
        (if .subcommands then ".Ar command ..." else empty end),
        ".Sh DESCRIPTION", (.abstract | escaped),
        (if .discussion then ".Pp", (.discussion | prose) else empty end),
        (if .subcommands then ".Ss Commands", ".Bl -tag -width \"configure\"",
            (.subcommands[] | select(.shouldDisplay and .commandName != "help")
                | ".It Xr " + ($path + [.commandName] | join("-")) + " 1", (.abstract | escaped)), ".El" else empty end),
        (if (shown | length) > 0 then ".Sh OPTIONS", ".Bl -tag -width Ds", (shown[] | item), ".El" else empty end),
        (if ($path | length) == 1 then
            ".Sh FILES", ".Bl -tag -width Ds", ".It Pa /etc/shoal/config.toml", "The configuration; every key has a default.",
            ".It Pa /var/lib/shoal", "Blobs, and what is known of them.",
            ".It Pa /run/shoal/shoal.sock", "The agent's socket, for members of the group shoal.", ".El"
         else empty end),
        ".Sh EXIT STATUS", "0: fine; 1: the thing asked for is not so; 2: wrong usage or configuration.",
        ".Sh SEE ALSO",
        (if ($path | length) == 1 then "Pages with examples: " else ".Xr shoal 1 ;" end),
        ".Pa /usr/share/doc/shoal"
    ] | join("\n") + "\n")},
    (.subcommands[]? | select(.shouldDisplay and .commandName != "help") | page($path + [.commandName]));

.command | page([.commandName])
