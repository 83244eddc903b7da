"""Where the halves meet: appraise, choose, judge, report."""
