// Preloaded into a daemon: lets what it writes below one folder fail at random, as a disk does that
// is full or broken. A file that both map says how often; see failing-writes.ts.
//
//     FAILING_WRITES_ROOT     the folder, an absolute path
//     FAILING_WRITES_CONTROL  the file, struct Control

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

struct Control {
    std::atomic<uint32_t> perMillion;     // calls that fail; 0: none
    std::atomic<uint32_t> error;          // errno of these
    std::atomic<uint32_t> withDatabase;   // 1: SQLite's files as well
    std::atomic<uint32_t> state;          // of the random numbers, set to the seed
    std::atomic<uint32_t> failed;         // calls that were let fail so far
};

enum Kind : uint8_t { FOREIGN, PLAIN, DATABASE };

constexpr int MAX_FD = 65536;
std::atomic<uint8_t> kinds[MAX_FD];
Control *control;
const char *root;
size_t rootLength;

// Opened below the folder, or elsewhere.
Kind kindOf(const char *path) {
    if (root == nullptr || strncmp(path, root, rootLength) != 0 || path[rootLength] != '/') {
        return FOREIGN;
    }
    return strstr(path, "/kvz-cloud.db") != nullptr ? DATABASE : PLAIN;
}

Kind kindOf(int fd) {
    return fd >= 0 && fd < MAX_FD ? static_cast<Kind>(kinds[fd].load()) : FOREIGN;
}

// A Weyl sequence through a mixer: any thread may take the next number.
uint32_t nextRandom() {
    uint32_t mixed = control->state.fetch_add(0x9e3779b9U) + 0x9e3779b9U;
    mixed = (mixed ^ (mixed >> 16)) * 0x85ebca6bU;
    mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35U;
    return mixed ^ (mixed >> 16);
}

bool fails(Kind kind) {
    if (kind == FOREIGN || control == nullptr) return false;
    if (kind == DATABASE && control->withDatabase.load() == 0) return false;
    const uint32_t perMillion = control->perMillion.load();
    if (perMillion == 0 || nextRandom() % 1000000U >= perMillion) return false;
    control->failed.fetch_add(1);
    errno = static_cast<int>(control->error.load());
    return true;
}

/** The function of the C library that stands behind one of ours. */
template <typename Function> Function next(const char *name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

__attribute__((constructor)) void start() {
    const char *path = getenv("FAILING_WRITES_CONTROL");
    const char *folder = getenv("FAILING_WRITES_ROOT");
    // Programs that the daemon starts write as ever.
    unsetenv("LD_PRELOAD");
    if (path == nullptr || folder == nullptr) return;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) abort();
    void *mapped = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) abort();
    control = static_cast<Control *>(mapped);
    rootLength = strlen(folder);
    root = strdup(folder);
}

using Open = int (*)(const char *, int, mode_t);

int openWith(Open function, const char *path, int flags, mode_t mode) {
    const Kind kind = kindOf(path);
    if ((flags & O_CREAT) != 0 && fails(kind)) return -1;
    const int fd = function(path, flags, mode);
    if (fd >= 0 && fd < MAX_FD) kinds[fd].store(kind);
    return fd;
}

mode_t modeOf(int flags, va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        const mode_t mode = modeOf(flags, arguments);                                              \
        va_end(arguments);                                                                         \
        static const auto function = next<Open>(#name);                                            \
        return openWith(function, path, flags, mode);                                              \
    }

#define ON_FD(type, name, parameters, arguments)                                                   \
    type name parameters {                                                                         \
        if (fails(kindOf(fd))) return -1;                                                          \
        static const auto function = next<type(*) parameters>(#name);                              \
        return function arguments;                                                                 \
    }

extern "C" {

OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < MAX_FD) kinds[fd].store(FOREIGN);
    static const auto function = next<int (*)(int)>("close");
    return function(fd);
}

ON_FD(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
ON_FD(ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at))
ON_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
ON_FD(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
ON_FD(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
ON_FD(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, fdatasync, (int fd), (fd))
ON_FD(int, ftruncate, (int fd, off_t length), (fd, length))
ON_FD(int, ftruncate64, (int fd, off64_t length), (fd, length))

int rename(const char *from, const char *to) {
    if (fails(kindOf(to))) return -1;
    static const auto function = next<int (*)(const char *, const char *)>("rename");
    return function(from, to);
}
}
