/*
 * Makes a disk slow: 4 ms until something is durable. To be loaded before all other libraries (LD_PRELOAD) into a program
 * whose writes are measured. Nothing is faked: what was asked for happens afterwards.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>

static void wait_for_the_disk(void)
{
    struct timespec left = {.tv_sec = 0, .tv_nsec = 4 * 1000 * 1000};
    int before = errno;
    while (nanosleep(&left, &left) == -1 && errno == EINTR) {
    }
    errno = before;
}

int fsync(int file)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_the_disk();
    return next(file);
}

int fdatasync(int file)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_the_disk();
    return next(file);
}

int sync_file_range(int file, off64_t offset, off64_t length, unsigned int flags)
{
    int (*next)(int, off64_t, off64_t, unsigned int) =
        (int (*)(int, off64_t, off64_t, unsigned int))dlsym(RTLD_NEXT, "sync_file_range");
    wait_for_the_disk();
    return next(file, offset, length, flags);
}
