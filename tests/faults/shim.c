/* Makes the N-th system call on files below one folder fail, end the process, or do half its work; moves
 * the clock, or makes it and chance repeat themselves; and keeps what a power cut would leave. Loaded with LD_PRELOAD, so that it stands before the C
 * library for Python and for SQLite alike. `shim.py` is its other half and explains the words.
 *
 * Every call asks the kernel for the path behind its descriptor: slower than a table of our own, and right
 * for whatever was inherited, duplicated or opened by somebody we do not stand before.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, RENAME = 4, UNLINK = 8, CREATE = 16, READ = 32, OPEN = 64, CONNECT = 128, SEND = 256, RECEIVE = 512 };
enum { KINDS = 10 };
enum { KILL = -1, HALF = -2, TEAR = -3 };

static char folder[PATH_MAX];
static size_t folder_length;
static char shadow[PATH_MAX];
static int kinds, action, is_lasting;
static long wanted;
static atomic_long calls, fired;
static atomic_long calls_of[KINDS]; /* each kind's, in the order of their bits */
static long clock_seconds;
static long steady_seconds;
static atomic_long readings;
static atomic_ulong chance;
static const char *orders;

void fault_arm(const char *path, int which, int what, long number, int lasting) {
    kinds = 0;
    snprintf(folder, sizeof folder, "%s", path);
    folder_length = strlen(folder);
    action = what;
    wanted = number;
    is_lasting = lasting;
    calls = fired = 0;
    for (int bit = 0; bit < KINDS; bit++) calls_of[bit] = 0;
    kinds = which;
}

int fault_disarm(void) {
    int before = kinds;
    kinds = 0;
    return before;
}

void fault_rearm(int which) { kinds = which; }

long fault_calls(int kind) { return calls_of[__builtin_ctz(kind)]; }

long fault_fired(void) { return fired; }

void fault_clock(long seconds) { clock_seconds = seconds; }

/* From now on wall clock and chance are the same whenever they are asked equally often: the clock begins at
 * `seconds` and goes on a millisecond with every look at it. 0 gives the true ones back. */
void fault_steady(long seconds, unsigned long seed) {
    steady_seconds = seconds;
    readings = 0;
    chance = seed << 32;
}

void fault_shadow(const char *path) { snprintf(shadow, sizeof shadow, "%s", path); }

/* A whole program cannot be armed from inside. FAULT_ORDERS names a file with "KINDS ERRNO": while it is
 * there, all such calls below FAULT_FOLDER fail. FAULT_CLOCK moves its wall clock by so many seconds. */
__attribute__((constructor)) static void obey_environment(void) {
    const char *moved = getenv("FAULT_CLOCK");
    if (moved) clock_seconds = atol(moved);
    const char *path = getenv("FAULT_FOLDER");
    orders = path ? getenv("FAULT_ORDERS") : NULL;
    if (orders) fault_arm(path, ~0, 0, 1, 1);
}

static int ordered(int kind) {
    char text[32] = "";
    int which = 0, error = 0;
    int file = syscall(SYS_open, orders, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    syscall(SYS_read, file, text, sizeof text - 1);
    close(file);
    if (sscanf(text, "%d %d", &which, &error) != 2 || !(which & kind)) return 0;
    errno = error;
    return error;
}

static int is_below(const char *path) {
    return folder_length && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == '\0');
}

static int path_of(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    return 1;
}

static int descriptor_is_below(int descriptor) {
    char path[PATH_MAX];
    return path_of(descriptor, path) && is_below(path);
}

static int name_is_below(int at, const char *name) {
    if (name[0] == '/') return is_below(name);
    char path[PATH_MAX];
    if (at == AT_FDCWD) return getcwd(path, sizeof path) && is_below(path);
    return descriptor_is_below(at);
}

/* 0: go on. HALF: do half of it. Else errno is set and the call has failed. Does not return from a kill.
 * A call of one kind may have to be harmed like one of another: half of a truncation cannot be done. */
static int meet_like(int kind, int like) {
    if (orders) return ordered(like);
    atomic_fetch_add(&calls_of[__builtin_ctz(kind)], 1);
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (number != wanted && !(is_lasting && wanted && number > wanted)) return 0;
    fired++;
    if (action == KILL || (action == TEAR && like != WRITE)) syscall(SYS_kill, getpid(), SIGKILL);
    if (action == HALF || action == TEAR) return HALF;
    errno = action;
    return action;
}

static int meet(int kind) { return meet_like(kind, kind); }

#define REAL(result, name, ...)                                                                              \
    static result (*real)(__VA_ARGS__);                                                                      \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static size_t half_of(size_t size) { return size > 1 ? size / 2 : size; }

static void after_half(void) {
    if (action == TEAR) syscall(SYS_kill, getpid(), SIGKILL);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    int met = kinds & WRITE && descriptor_is_below(descriptor) ? meet(WRITE) : 0;
    if (met == HALF) {
        ssize_t done = real(descriptor, bytes, half_of(size));
        after_half();
        return done;
    }
    return met ? -1 : real(descriptor, bytes, size);
}

static ssize_t any_pwrite(const char *name, int descriptor, const void *bytes, size_t size, off_t offset) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, name);
    int met = kinds & WRITE && descriptor_is_below(descriptor) ? meet(WRITE) : 0;
    if (met == HALF) {
        ssize_t done = real(descriptor, bytes, half_of(size), offset);
        after_half();
        return done;
    }
    return met ? -1 : real(descriptor, bytes, size, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
    return any_pwrite("pwrite", descriptor, bytes, size, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset) {
    return any_pwrite("pwrite64", descriptor, bytes, size, offset);
}

/* splitmix64, by Sebastiano Vigna: numbers without a pattern from a counter. */
static ssize_t fill(void *bytes, size_t size) {
    for (size_t at = 0; at < size; at += 8) {
        unsigned long long mixed = atomic_fetch_add(&chance, 1) * 0x9e3779b97f4a7c15ULL;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
        mixed ^= mixed >> 31;
        memcpy((char *)bytes + at, &mixed, size - at < 8 ? size - at : 8);
    }
    return size;
}

ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
    return steady_seconds ? fill(bytes, size) : syscall(SYS_getrandom, bytes, size, flags);
}

/* SQLite asks the device. */
static int is_chance(int descriptor) {
    char path[PATH_MAX];
    return path_of(descriptor, path) && strcmp(path, "/dev/urandom") == 0;
}

ssize_t read(int descriptor, void *bytes, size_t size) {
    REAL(ssize_t, "read", int, void *, size_t);
    if (steady_seconds && is_chance(descriptor)) return fill(bytes, size);
    int met = kinds & READ && descriptor_is_below(descriptor) ? meet(READ) : 0;
    if (met == HALF) return real(descriptor, bytes, half_of(size));
    return met ? -1 : real(descriptor, bytes, size);
}

static ssize_t any_pread(const char *name, int descriptor, void *bytes, size_t size, off_t offset) {
    ssize_t (*real)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, name);
    int met = kinds & READ && descriptor_is_below(descriptor) ? meet(READ) : 0;
    if (met == HALF) return real(descriptor, bytes, half_of(size), offset);
    return met ? -1 : real(descriptor, bytes, size, offset);
}

ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset) {
    return any_pread("pread", descriptor, bytes, size, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t size, off64_t offset) {
    return any_pread("pread64", descriptor, bytes, size, offset);
}

static int any_truncate(const char *name, int descriptor, off_t size) {
    int (*real)(int, off_t) = dlsym(RTLD_NEXT, name);
    if (kinds & WRITE && descriptor_is_below(descriptor) && meet_like(WRITE, SYNC) > 0) return -1;
    return real(descriptor, size);
}

int ftruncate(int descriptor, off_t size) { return any_truncate("ftruncate", descriptor, size); }

int ftruncate64(int descriptor, off64_t size) { return any_truncate("ftruncate64", descriptor, size); }

/* What a power cut leaves: `f<inode>` is the content of a file at its last sync, `d<inode>` the entries of a
 * folder at its last. A second link, or an open descriptor, keeps an inode's number from being given again. */
static void keep_file(int descriptor, const struct stat *facts) {
    char source[64], target[PATH_MAX + 64], link_name[PATH_MAX + 64], path[PATH_MAX], buffer[65536];
    snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
    snprintf(target, sizeof target, "%s/f%lu", shadow, (unsigned long)facts->st_ino);
    snprintf(link_name, sizeof link_name, "%s/k%lu", shadow, (unsigned long)facts->st_ino);
    if (path_of(descriptor, path)) syscall(SYS_link, path, link_name);
    int from = syscall(SYS_open, source, O_RDONLY | O_CLOEXEC);
    int to = syscall(SYS_open, target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (ssize_t got; (got = syscall(SYS_read, from, buffer, sizeof buffer)) > 0;)
        syscall(SYS_write, to, buffer, got);
    close(from);
    close(to);
}

static void keep_folder(int descriptor, const struct stat *facts) {
    char source[64], target[PATH_MAX + 64], line[NAME_MAX + 64];
    snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
    snprintf(target, sizeof target, "%s/d%lu", shadow, (unsigned long)facts->st_ino);
    int to = syscall(SYS_open, target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int held = syscall(SYS_open, source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int from = syscall(SYS_open, source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fdopendir(from);
    for (struct dirent *entry; held >= 0 && entries && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int length = snprintf(line, sizeof line, "%c %lu %s\n", entry->d_type == DT_DIR ? 'd' : 'f',
                              (unsigned long)entry->d_ino, entry->d_name);
        syscall(SYS_write, to, line, length);
    }
    if (entries) closedir(entries);
    close(to);
}

static void keep(int descriptor) {
    struct stat facts;
    if (!shadow[0] || !descriptor_is_below(descriptor) || fstat(descriptor, &facts) != 0) return;
    if (S_ISREG(facts.st_mode)) keep_file(descriptor, &facts);
    if (S_ISDIR(facts.st_mode)) keep_folder(descriptor, &facts);
}

/* SQLite does not look at the answer when it syncs the folder of a log it has made. There is no way to have it
 * look, so the proof that nothing is promised after a failed sync leaves this one out. */
static int is_unasked(int descriptor) {
    char path[PATH_MAX];
    return shadow[0] && action > 0 && path_of(descriptor, path) && strcmp(path, folder) == 0;
}

static int any_sync(const char *name, int descriptor) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    if (kinds & SYNC && descriptor_is_below(descriptor) && !is_unasked(descriptor) && meet(SYNC) > 0) return -1;
    int result = real(descriptor);
    if (result == 0) keep(descriptor);
    return result;
}

int fsync(int descriptor) { return any_sync("fsync", descriptor); }

int fdatasync(int descriptor) { return any_sync("fdatasync", descriptor); }

static int meets_name(int kind, int at, const char *name) {
    return kinds & kind && name_is_below(at, name) && meet(kind) > 0;
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return meets_name(RENAME, AT_FDCWD, from) ? -1 : real(from, to);
}

int renameat(int at, const char *from, int beneath, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    return meets_name(RENAME, at, from) ? -1 : real(at, from, beneath, to);
}

int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    return meets_name(RENAME, AT_FDCWD, from) ? -1 : real(from, to);
}

int unlink(const char *name) {
    REAL(int, "unlink", const char *);
    return meets_name(UNLINK, AT_FDCWD, name) ? -1 : real(name);
}

int unlinkat(int at, const char *name, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    return meets_name(UNLINK, at, name) ? -1 : real(at, name, flags);
}

int mkdir(const char *name, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return meets_name(CREATE, AT_FDCWD, name) ? -1 : real(name, mode);
}

int mkdirat(int at, const char *name, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    return meets_name(CREATE, at, name) ? -1 : real(at, name, mode);
}

/* CREATE is what needs space; OPEN is opening for writing, of what is there or not. */
static int any_open(const char *call, int at, const char *name, int flags, mode_t mode) {
    int (*real)(int, const char *, int, ...) = dlsym(RTLD_NEXT, call);
    int is_new = flags & O_CREAT && syscall(SYS_faccessat, at, name, F_OK) != 0;
    if (is_new && meets_name(CREATE, at, name)) return -1;
    if (flags & (O_WRONLY | O_RDWR) && meets_name(OPEN, at, name)) return -1;
    return real(at, name, flags, mode);
}

#define MODE_OF(flags)                                                                                       \
    mode_t mode = 0;                                                                                         \
    if (flags & O_CREAT) {                                                                                   \
        va_list rest;                                                                                        \
        va_start(rest, flags);                                                                               \
        mode = va_arg(rest, mode_t);                                                                         \
        va_end(rest);                                                                                        \
    }

int open(const char *name, int flags, ...) {
    MODE_OF(flags)
    return any_open("openat", AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...) {
    MODE_OF(flags)
    return any_open("openat64", AT_FDCWD, name, flags, mode);
}

int openat(int at, const char *name, int flags, ...) {
    MODE_OF(flags)
    return any_open("openat", at, name, flags, mode);
}

int openat64(int at, const char *name, int flags, ...) {
    MODE_OF(flags)
    return any_open("openat64", at, name, flags, mode);
}

/* Connections have no path: all that lead to an address of the internet count, wherever the folder is. */
static int is_internet(int descriptor) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           (domain == AF_INET || domain == AF_INET6);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t size) {
    REAL(int, "connect", int, const struct sockaddr *, socklen_t);
    int met = kinds & CONNECT && is_internet(descriptor) ? meet(CONNECT) : 0;
    if (met == EINTR) {
        real(descriptor, address, size); /* the kernel goes on connecting */
        errno = EINTR;
    }
    return met > 0 ? -1 : real(descriptor, address, size);
}

ssize_t send(int descriptor, const void *bytes, size_t size, int flags) {
    REAL(ssize_t, "send", int, const void *, size_t, int);
    int met = kinds & SEND && is_internet(descriptor) ? meet(SEND) : 0;
    if (met == HALF) return real(descriptor, bytes, half_of(size), flags);
    return met ? -1 : real(descriptor, bytes, size, flags);
}

ssize_t recv(int descriptor, void *bytes, size_t size, int flags) {
    REAL(ssize_t, "recv", int, void *, size_t, int);
    int met = kinds & RECEIVE && is_internet(descriptor) ? meet(RECEIVE) : 0;
    if (met == HALF) return real(descriptor, bytes, half_of(size), flags);
    return met ? -1 : real(descriptor, bytes, size, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int result = real(clock, now);
    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
    if (steady_seconds) {
        long reading = atomic_fetch_add(&readings, 1);
        now->tv_sec = steady_seconds + reading / 1000;
        now->tv_nsec = reading % 1000 * 1000000;
    }
    now->tv_sec += clock_seconds;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone; /* nobody has asked for it since 1990 */
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
