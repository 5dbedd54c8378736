# nic-clock.pl: how fast the NIC's clock, /dev/ptp0, runs beside Linux's own, over two seconds. Prints `ratio R`.
use strict;
open(my $clock, '<', '/dev/ptp0') or die "/dev/ptp0: $!";

# clock_gettime(2), system call 228. A clock that is a file has the number that Linux makes of its descriptor.
sub now {
  my ($number) = @_;
  my $time = pack('qq', 0, 0);
  syscall(228, $number, $time) == 0 or die "clock $number: $!";
  my ($seconds, $nanoseconds) = unpack('qq', $time);
  return $seconds + $nanoseconds / 1e9;
}
my $monotonic = 1;
my $nic = -8 * (fileno($clock) + 1) + 3;

my @begin = (now($nic), now($monotonic));
sleep 2;
my @end = (now($nic), now($monotonic));
printf "ratio %.3f\n", ($end[0] - $begin[0]) / ($end[1] - $begin[1]);
