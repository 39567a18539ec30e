// SPDX-License-Identifier: GPL-2.0-only
/* Makes one mistake, so that `run --self-test` can see it caught. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

static char *mistake = "none";
module_param(mistake, charp, 0);

static char global[20];
static void *lost;
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static int value;
static int __rcu *protected = (int __rcu *)&value;
static unsigned int beyond = 20;

/* The compiler must not see what is wrong. */
static char *hidden(void *bytes)
{
	OPTIMIZER_HIDE_VAR(bytes);
	return bytes;
}

static __always_inline void write_at(char *bytes, unsigned int at)
{
	WRITE_ONCE(bytes[at], 1);
}

static void none(void)
{
}

static void use_after_free(void)
{
	char *bytes = hidden(kmalloc(64, GFP_KERNEL));

	kfree(bytes);
	write_at(bytes, 8);
}

static void heap_overflow(void)
{
	char *bytes = hidden(kmalloc(20, GFP_KERNEL));

	write_at(bytes, beyond);
	kfree(bytes);
}

static void stack_overflow(void)
{
	char bytes[20];

	write_at(hidden(bytes), beyond);
}

static void global_overflow(void)
{
	write_at(hidden(global), beyond);
}

static void vmalloc_overflow(void)
{
	char *bytes = hidden(vmalloc(20));

	write_at(bytes, beyond);
	vfree(bytes);
}

static void page_after_free(void)
{
	char *bytes = hidden((void *)__get_free_page(GFP_KERNEL));

	free_page((unsigned long)bytes);
	write_at(bytes, beyond);
}

static void double_free(void)
{
	char *bytes = hidden(kmalloc(64, GFP_KERNEL));

	kfree(bytes);
	kfree(bytes);
}

static void user_copy(void)
{
	char *bytes = hidden(kmalloc(20, GFP_KERNEL));

	/* More than the object has; the address is of no matter. */
	WARN_ON(!copy_to_user((void __user *)4096, bytes, READ_ONCE(beyond) + 20));
	kfree(bytes);
}

static void leak(void)
{
	WRITE_ONCE(lost, kmalloc(1000, GFP_KERNEL));
	WRITE_ONCE(lost, NULL);
}

static void leaked_socket(void)
{
	struct socket *sock;

	WARN_ON(sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &sock));
}

static void sleep_in_spinlock(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
}

static void sleep_in_rcu(void)
{
	rcu_read_lock();
	msleep(20);
	rcu_read_unlock();
}

/* Sleeps only if there is no memory, which it won't be today. */
static void may_sleep(void)
{
	spin_lock_bh(&spin);
	kfree(kmalloc(64, GFP_KERNEL));
	spin_unlock_bh(&spin);
}

static void inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void on_timer(struct timer_list *timer)
{
	spin_lock(&spin);
	spin_unlock(&spin);
}

static void softirq_inversion(void)
{
	static DEFINE_TIMER(timer, on_timer);

	mod_timer(&timer, jiffies + 1);
	msleep(50);
	del_timer_sync(&timer);

	spin_lock(&spin);
	spin_unlock(&spin);
}

static void unprotected(void)
{
	(void)rcu_dereference(protected);
}

static void lock_kept(void)
{
	mutex_lock(&first);
}

static void armed_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	timer_setup(timer, on_timer, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void warning(void)
{
	WARN_ON(READ_ONCE(beyond));
}

static void shift(void)
{
	WRITE_ONCE(value, 1 << (READ_ONCE(beyond) + 20));
}

static void null_pointer(void)
{
	write_at(lost, 0);
}

static void hang(void)
{
	mutex_lock(&first);
	mutex_lock(&first);
}

static void stay(void)
{
	__module_get(THIS_MODULE);
}

static void endless_loop(void)
{
	while (READ_ONCE(beyond))
		cpu_relax();
}

#define MISTAKE(name) { #name, name }
static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	MISTAKE(none), MISTAKE(use_after_free), MISTAKE(heap_overflow),
	MISTAKE(stack_overflow), MISTAKE(global_overflow), MISTAKE(vmalloc_overflow),
	MISTAKE(page_after_free), MISTAKE(double_free), MISTAKE(user_copy), MISTAKE(leak),
	MISTAKE(leaked_socket), MISTAKE(sleep_in_spinlock), MISTAKE(sleep_in_rcu),
	MISTAKE(may_sleep), MISTAKE(inversion), MISTAKE(softirq_inversion),
	MISTAKE(unprotected), MISTAKE(lock_kept), MISTAKE(armed_timer), MISTAKE(warning),
	MISTAKE(shift), MISTAKE(null_pointer), MISTAKE(hang), MISTAKE(stay),
	MISTAKE(endless_loop),
};

static int __init bad_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!strcmp(mistakes[i].name, mistake)) {
			mistakes[i].make();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit bad_exit(void)
{
}

module_init(bad_init);
module_exit(bad_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes one mistake");
