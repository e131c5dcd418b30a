#include "tokens/key_cache.hpp"

#include "base/descriptor.hpp"
#include "base/json.hpp"
#include "jose/base64url.hpp"
#include "jose/claims.hpp"
#include "jose/jwks.hpp"
#include "observe/log.hpp"
#include "tokens/introspection_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace scopegate::tokens {

namespace {

// Fits the set's text as a JSON string, in which each quote takes two bytes, plus the other members.
constexpr json::limits file_limits{2 * jose::max_jwk_set_bytes + 16 * 1024, 4};

std::string location_of(const policy::issuer_settings& issuer)
{
    return issuer.keys.where == policy::key_location::kind::discover ? "discover" : issuer.keys.value;
}

// Returns the name that a set is saved for. Tenants that share a set have one file: the list may change.
std::string owner_of(const policy::issuer_settings& issuer)
{
    const bool shared = issuer.pattern && issuer.keys.where != policy::key_location::kind::discover;
    return shared ? issuer.pattern->name_of("{tenant}") : issuer.issuer;
}

// The reason of a failed read. `why` is empty if the file does not exist.
struct file_problem {
    std::string why;
};
std::variant<std::string, file_problem> read_own_file(const std::string& path)
{
    // Reading a pipe or a device could block, and a link could lead anywhere.
    const descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    struct stat what {};
    if (!file.is_open() || ::fstat(file.get(), &what) != 0)
        return file_problem{errno == ENOENT ? std::string() : last_system_problem()};
    if (!S_ISREG(what.st_mode))
        return file_problem{"it is not a regular file"};
    if (what.st_uid != ::geteuid() || (what.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return file_problem{"other users can write to it; only Scopegate's user may own and write it"};
    std::string text(file_limits.bytes + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return file_problem{last_system_problem()};
        if (got == 0)
            break;
        size += static_cast<std::size_t>(got);
    }
    if (size > file_limits.bytes)
        return file_problem{"it is too large"};
    text.resize(size);
    return text;
}

// Creates the folder and its missing parents, accessible to us alone whatever the umask is. An existing
// folder keeps its mode. Reports no errors: they show when a file is written there.
void make_private_folder(const std::filesystem::path& folder)
{
    std::error_code unknown;
    if (folder.empty() || std::filesystem::exists(folder, unknown))
        return;
    make_private_folder(folder.parent_path());
    if (::mkdir(folder.c_str(), S_IRWXU) == 0)
        ::chmod(folder.c_str(), S_IRWXU);
}

// Returns why the file could not be written, or an empty string on success. Does not sync: a file that a
// machine crash leaves half-written is ignored when it is read.
std::string replace_file(const std::string& path, std::string_view text)
{
    auto fresh = path + ".XXXXXX"; // readable by us alone; several of our processes may share the folder
    const descriptor file(::mkostemp(fresh.data(), O_CLOEXEC));
    if (!file.is_open())
        return last_system_problem();
    std::string why;
    if (::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0) // the umask may have removed these bits
        why = last_system_problem();
    while (!text.empty() && why.empty()) {
        const auto written = ::write(file.get(), text.data(), text.size());
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            why = last_system_problem();
    }
    if (why.empty() && ::rename(fresh.c_str(), path.c_str()) != 0)
        why = last_system_problem();
    if (!why.empty())
        ::unlink(fresh.c_str());
    return why;
}

bool is_public(const json::value& key)
{
    constexpr std::string_view secrets[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    return std::none_of(std::begin(secrets), std::end(secrets),
                        [&](std::string_view name) { return key.find(name) != nullptr; });
}

// Returns whether a member of a map from kid to PEM is not a private key.
bool is_public_pem(const json::member& m)
{
    const auto* pem = m.second.if_string();
    return pem == nullptr || pem->find("PRIVATE KEY") == std::string::npos;
}

// Returns the set without keys that hold private material: we never use them, and they should not be on disk.
std::string public_part(std::string_view text)
{
    const auto set = json::parse(text, {jose::max_jwk_set_bytes, 16});
    const auto* keys = set ? set->find("keys") : nullptr;
    const auto* list = keys != nullptr ? keys->if_array() : nullptr;
    if (const auto* map = set && list == nullptr ? set->if_object() : nullptr) {
        json::object kept;
        std::copy_if(map->begin(), map->end(), std::back_inserter(kept), is_public_pem);
        return kept.size() == map->size() ? std::string(text) : json::serialize(json::value(std::move(kept)));
    }
    if (list == nullptr || std::all_of(list->begin(), list->end(), is_public))
        return std::string(text);
    json::array kept;
    std::copy_if(list->begin(), list->end(), std::back_inserter(kept), is_public);
    json::object key_set;
    key_set.emplace_back("keys", json::value(std::move(kept)));
    return json::serialize(json::value(std::move(key_set)));
}

bool says(const json::value& file, std::string_view name, const std::string& wanted)
{
    const auto* member = file.find(name);
    const auto* text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr && *text == wanted;
}

} // namespace

key_cache::key_cache(std::string folder, const policy::issuer_settings& issuer, std::chrono::seconds max_age)
    : folder_(std::move(folder)), issuer_(issuer), owner_(owner_of(issuer)), location_(location_of(issuer)),
      max_age_(max_age)
{
    if (folder_.empty())
        return;
    // Uses a digest because an issuer's name may hold characters that a file name can't. Two issuers never
    // share a file, unless they are tenants that share a set.
    const auto digest = token_digest(owner_ + '\n' + location_);
    file_ = folder_ + "/" +
            jose::base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}) + ".json";
}

std::optional<key_cache::saved_set> key_cache::load(wall_time now)
{
    if (file_.empty())
        return std::nullopt;
    auto read = read_own_file(file_);
    if (const auto* problem = std::get_if<file_problem>(&read)) {
        if (!problem->why.empty())
            warn("cached_keys_ignored", problem->why);
        return std::nullopt;
    }
    const auto file = json::parse(std::get<std::string>(read), file_limits);
    const auto* member = file ? file->find("key_set") : nullptr;
    const auto* text = member != nullptr ? member->if_string() : nullptr;
    if (text == nullptr || !says(*file, "issuer", owner_) || !says(*file, "location", location_)) {
        warn("cached_keys_ignored", "it is not a key set that was saved for this issuer");
        return std::nullopt;
    }
    // A file saved by an early version has no date. A date in the future means that the clock was set back
    // after the file was saved.
    const auto* date = file->find("confirmed");
    const auto confirmed =
        std::min(date != nullptr ? jose::numeric_date(*date).value_or(wall_time{}) : wall_time{}, now);
    if (max_age_.count() > 0 && now - confirmed >= max_age_) {
        warn("cached_keys_ignored", "it is older than keys_max_age");
        return std::nullopt;
    }
    saved_ = *text;
    return saved_set{*text, confirmed};
}

void key_cache::save(std::string_view text, wall_time now)
{
    if (file_.empty())
        return;
    auto set = public_part(text);
    if (set == saved_ && max_age_.count() == 0 && ::access(file_.c_str(), F_OK) == 0)
        return;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    json::object content;
    content.emplace_back("issuer", json::value(owner_));
    content.emplace_back("location", json::value(location_));
    content.emplace_back("confirmed", json::value::number(std::to_string(seconds)));
    content.emplace_back("key_set", json::value(set));
    make_private_folder(folder_);
    const auto why = replace_file(file_, json::serialize(json::value(std::move(content))));
    if (why.empty()) {
        failures_.clear();
        saved_ = std::move(set);
    } else if (failures_.is_new(why)) {
        warn("keys_not_cached", why);
    }
}

void key_cache::warn(std::string_view event, std::string_view why) const
{
    observe::log_event(observe::level::warn, event,
                       {{"issuer", issuer_.issuer}, {"file", file_}, {"why", why}});
}

} // namespace scopegate::tokens
