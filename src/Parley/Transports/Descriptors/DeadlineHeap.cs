namespace Parley.Transports.Descriptors;

/// <summary>
/// A binary heap of deadlines. A deadline that is moved later or called off stays where it is until its old time comes up, so that an
/// idle timeout that every byte pushes back costs nothing.
/// </summary>
internal sealed class DeadlineHeap
{
    private Deadline[] _items = new Deadline[16];
    private int _count;

    /// <summary>The earliest time that anything could be due.</summary>
    internal long Earliest => _count == 0 ? Deadline.Never : _items[0].QueuedDue;

    /// <summary>Makes sure that <paramref name="deadline"/> comes up at its time.</summary>
    internal void Arm(Deadline deadline)
    {
        long due = deadline.Due;
        if (deadline.HeapIndex < 0)
        {
            // Called off meanwhile: it would stay here for good.
            if (due == Deadline.Never)
                return;
            if (_count == _items.Length)
                Array.Resize(ref _items, _count * 2);
            deadline.QueuedDue = due;
            Place(deadline, _count++);
            SiftUp(deadline.HeapIndex);
        }
        else if (due < deadline.QueuedDue)
        {
            deadline.QueuedDue = due;
            SiftUp(deadline.HeapIndex);
        }
    }

    internal void Remove(Deadline deadline)
    {
        int index = deadline.HeapIndex;
        if (index < 0)
            return;

        deadline.HeapIndex = -1;
        Deadline last = _items[--_count];
        _items[_count] = null!;
        if (index == _count)
            return;

        Place(last, index);
        SiftUp(index);
        SiftDown(last.HeapIndex);
    }

    /// <summary>Takes one that is due; puts back those that were moved, drops those that were called off.</summary>
    internal Deadline? TakeDue(long now)
    {
        while (_count > 0 && _items[0].QueuedDue <= now)
        {
            Deadline first = _items[0];
            Remove(first);
            long due = first.Due;
            if (due <= now)
                return first;
            if (due != Deadline.Never)
                Arm(first);
        }

        return null;
    }

    private void SiftUp(int index)
    {
        Deadline moving = _items[index];
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (_items[parent].QueuedDue <= moving.QueuedDue)
                break;
            Place(_items[parent], index);
            index = parent;
        }

        Place(moving, index);
    }

    private void SiftDown(int index)
    {
        Deadline moving = _items[index];
        while (true)
        {
            int child = (2 * index) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && _items[child + 1].QueuedDue < _items[child].QueuedDue)
                child++;
            if (_items[child].QueuedDue >= moving.QueuedDue)
                break;
            Place(_items[child], index);
            index = child;
        }

        Place(moving, index);
    }

    private void Place(Deadline deadline, int index)
    {
        _items[index] = deadline;
        deadline.HeapIndex = index;
    }
}
