#include "config/yaml_source.hpp"

#include "config/source_text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <unordered_map>

namespace scopegate::config {

namespace {

// Ends the reading: the rest can't be understood, or would cost too much.
struct give_up {};

std::size_t levels_of(const node& n)
{
    std::size_t most = 0;
    for (const node& item : n.items)
        most = std::max(most, levels_of(item));
    return most + (n.items.empty() ? 0 : 1);
}

std::size_t cost_of(const node& n)
{
    std::size_t bytes = sizeof(node) + n.text.size() + n.key.size();
    for (const node& item : n.items)
        bytes += cost_of(item);
    return bytes;
}

// Builds the tree from yaml-cpp's events, which have the position of everything, including aliases.
// yaml-cpp's Node does not.
class tree_builder final : public YAML::EventHandler {
public:
    tree_builder(const line_index& lines, diagnostics& out) : lines_(lines), out_(out) {}

    [[nodiscard]] node take() { return std::move(root_); }

    // Returns the start of the innermost list or map that is still open.
    [[nodiscard]] std::optional<policy::source_mark> innermost_open() const
    {
        return open_.empty() ? std::nullopt : std::optional(open_.back().content.at);
    }

    // Returns the start of the last element that could be read.
    [[nodiscard]] policy::source_mark last_read() const noexcept { return last_; }

    void OnDocumentStart(const YAML::Mark& mark) override
    {
        last_ = at(mark);
        if (++documents_ < 2)
            return;
        out_.error(at(mark), "a second document begins here; the file must be one YAML document");
        throw give_up{};
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(node_at(mark), anchor); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override
    {
        node n = node_at(mark);
        n.type = node::kind::scalar;
        n.text = value;
        n.plain = tag != "!";
        for (const std::string_view name : {"str", "int", "float", "bool"})
            if (tag == core + std::string(name)) {
                n.plain = name != "str";
                return finish(std::move(n), anchor);
            }
        if (tag == core + std::string("null"))
            n = node_at(mark);
        else if (!is_own_tag(n.at, tag, ""))
            n.type = node::kind::broken;
        finish(std::move(n), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto where = at(mark);
        if (++aliases_ > max_aliases)
            stop(where, "more than " + std::to_string(max_aliases) + " aliases");
        const auto anchored = anchored_.find(anchor);
        if (anchored == anchored_.end())
            stop(where, "this alias refers to a node that contains it");
        node n = copied(anchored->second, where);
        if (open_.size() + levels_of(n) > max_levels)
            stop(where, "nested deeper than " + std::to_string(max_levels) + " levels");
        n.at = where;
        finish(std::move(n), 0);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        open(mark, node::kind::list, anchor);
        open_.back().tagged = !is_own_tag(at(mark), tag, "seq");
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        open(mark, node::kind::map, anchor);
        open_.back().tagged = !is_own_tag(at(mark), tag, "map");
    }
    void OnMapEnd() override { close(); }

private:
    static constexpr const char* core = "tag:yaml.org,2002:";

    // A list or map that is being read.
    struct collection {
        node content;
        YAML::anchor_t anchor = 0;
        bool tagged = false;  // has a tag of another type
        bool has_key = false; // of a map: the key has been read, its value comes next
        bool dropped = false; // ... and was refused: its value is read and discarded
        std::string key;
        policy::source_mark key_at;
        std::unordered_map<std::string, int> lines; // of the keys so far
    };

    [[nodiscard]] policy::source_mark at(const YAML::Mark& m) const noexcept
    {
        return lines_.mark(m.line, m.column);
    }

    [[nodiscard]] node node_at(const YAML::Mark& mark) const
    {
        node n;
        n.at = at(mark);
        return n;
    }

    [[noreturn]] void stop(policy::source_mark where, std::string message)
    {
        out_.error(where, std::move(message));
        throw give_up{};
    }

    // Nodes that an alias or an anchor duplicates are counted before they are copied: ten levels of ten
    // aliases are a billion nodes.
    [[nodiscard]] node copied(const node& n, policy::source_mark where)
    {
        expanded_ += cost_of(n);
        if (expanded_ > max_expansion)
            stop(where, "the aliases expand to more than " + std::to_string(max_expansion >> 20U) + " MiB");
        return n;
    }

    [[nodiscard]] bool is_own_tag(policy::source_mark where, const std::string& tag, std::string_view own)
    {
        if (tag.empty() || tag == "?" || tag == "!" || tag == core + std::string(own))
            return true;
        out_.error(where, "the tag " + in_quotes(tag) + " is not supported here");
        return false;
    }

    void open(const YAML::Mark& mark, node::kind type, YAML::anchor_t anchor)
    {
        if (open_.size() >= max_levels)
            stop(at(mark), "nested deeper than " + std::to_string(max_levels) + " levels");
        auto& c = open_.emplace_back();
        c.content = node_at(mark);
        c.content.type = type;
        c.anchor = anchor;
    }

    void close()
    {
        node n = std::move(open_.back().content);
        if (open_.back().tagged)
            n.type = node::kind::broken;
        const auto anchor = open_.back().anchor;
        open_.pop_back();
        finish(std::move(n), anchor);
    }

    // Adds a complete node: as the root, as a list's item, as a map's key, or as the value of the preceding
    // key.
    void finish(node n, YAML::anchor_t anchor)
    {
        last_ = n.at;
        if (anchor != 0)
            anchored_.insert_or_assign(anchor, copied(n, n.at));
        if (open_.empty()) {
            root_ = std::move(n);
            return;
        }
        auto& c = open_.back();
        if (c.content.is(node::kind::list)) {
            if (n.is(node::kind::nothing)) // yaml-cpp gives an empty item the position of the next one
                n.at = c.content.at;
            c.content.items.push_back(std::move(n));
        } else if (!c.has_key) {
            c.has_key = true;
            c.dropped = !take_key(c, n);
        } else {
            c.has_key = false;
            if (c.dropped)
                return;
            if (n.is(node::kind::nothing))
                n.at = c.key_at;
            n.key = std::move(c.key);
            n.key_at = c.key_at;
            c.content.items.push_back(std::move(n));
        }
    }

    // Returns false if the key makes no entry.
    bool take_key(collection& c, const node& n)
    {
        c.key = n.text;
        c.key_at = n.at;
        if (!n.is(node::kind::scalar)) {
            out_.error(n.at, "a key must be text");
            return false;
        }
        if (n.plain && n.text == "<<") {
            out_.error(n.at, "unknown key \"<<\": merge keys are not supported");
            return false;
        }
        const auto [first, added] = c.lines.emplace(c.key, n.at.line);
        if (!added)
            out_.error(n.at, "duplicate key " + in_quotes(c.key) + ", first in line " +
                                 std::to_string(first->second));
        return added;
    }

    const line_index& lines_;
    diagnostics& out_;
    node root_;
    std::vector<collection> open_;
    std::map<YAML::anchor_t, node> anchored_;
    std::size_t aliases_ = 0;
    std::size_t expanded_ = 0;
    int documents_ = 0;
    policy::source_mark last_{1, 1};
};

constexpr std::string_view unclosed_quote = "illegal document indicator in scalar";

// Replaces yaml-cpp's messages for the most common mistakes by ours.
std::string explained(const std::string& message)
{
    struct wording {
        std::string_view theirs, ours;
    };
    constexpr wording known[] = {
        {"end of sequence flow not found", "this list is not closed: \"]\" or \",\" is missing"},
        {"end of map flow not found",
         "this map is not closed: \"}\" or \",\" is missing, or quotes around a ${NAME}"},
        {"end of map not found",
         "this does not belong to the map before it: check the indentation and quotes"},
        {"end of sequence not found", "this does not belong to the list before it: check the indentation"},
        {"illegal map value", "unexpected \":\": check the indentation, or quote the text"},
        {"illegal block entry", "unexpected \"-\": check the indentation, which must not contain tabs"},
        {unclosed_quote, "the quoted text after this is not closed"},
        {"unknown token", "text can't begin with this character: quote it"},
    };
    for (const auto& w : known)
        if (message == w.theirs)
            return std::string(w.ours);
    return message;
}

// Returns the position of the error. For constructs that are never closed, yaml-cpp reports only the end of
// the file, or nothing at all.
policy::source_mark place_of(const YAML::Exception& e, const line_index& lines, const tree_builder& builder)
{
    const auto open = builder.innermost_open();
    if (open && (e.msg == "end of sequence flow not found" || e.msg == "end of map flow not found"))
        return *open;
    return e.msg == unclosed_quote ? builder.last_read() : lines.mark(e.mark.line, e.mark.column);
}

} // namespace

std::optional<node> read_yaml(std::string_view text, diagnostics& out)
{
    if (text.size() > max_source_size) {
        out.error({}, "the file is larger than " + std::to_string(max_source_size >> 20U) + " MiB");
        return std::nullopt;
    }
    if (!check_text(text, out))
        return std::nullopt;
    const line_index lines(text);
    tree_builder builder(lines, out);
    try {
        // yaml-cpp takes an unclosed quote for closed at the end of the file, together with everything in
        // between. At the end of a document it reports an error instead, so we append one.
        std::istringstream in(std::string(text) + "\n...\n");
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder))
            ;
        auto root = builder.take();
        if (root.is(node::kind::nothing))
            root.at = {};
        return root;
    } catch (const give_up&) {
    } catch (const YAML::Exception& e) {
        out.error(place_of(e, lines, builder),
                  "not valid YAML: " + (lines.is_indented_by_tab(e.mark.line)
                                            ? "a tab can't be used for indentation: use spaces"
                                            : explained(e.msg)));
    }
    return std::nullopt;
}

} // namespace scopegate::config
