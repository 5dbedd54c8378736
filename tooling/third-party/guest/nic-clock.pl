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

# Both clocks at the same time: of some tries the one in which the least time went by, since a busy machine may stop us between.
sub both {
  my ($narrowest, @times);
  for (1 .. 50) {
    my ($before, $time, $after) = (now($monotonic), now($nic), now($monotonic));
    next if defined $narrowest && $after - $before >= $narrowest;
    ($narrowest, @times) = ($after - $before, $time, ($before + $after) / 2);
  }
  return @times;
}

my @begin = both();
sleep 2;
my @end = both();
printf "ratio %.3f\n", ($end[0] - $begin[0]) / ($end[1] - $begin[1]);
